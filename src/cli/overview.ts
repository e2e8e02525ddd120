import { pad, widthOf } from './render/width.ts'
import { definitions } from './render/wrap.ts'
import { inWords } from './words.ts'

type Row = readonly [written: string, does: string]

const projects: readonly Row[] = [
  ['up [DIR]', 'run the Compose file, or the Dockerfile, of a directory'],
  ['diff [DIR]', 'what up would do, and why'],
  ['why [SERVICE]', 'how services are, and why they fail; also containers, images, networks, volumes, :PORT, URL'],
  ['lint [DIR]', 'what is likely to go wrong, before anything runs'],
  ['down [DIR]', 'remove its containers and networks'],
  ['ps [DIR]', 'its containers, or all of them where there is no project'],
  ['logs [DIR]', 'what they wrote'],
  ['exec SERVICE', 'run a command in a container'],
  ['run SERVICE', 'run a command in a container of its own'],
  ['build PATH', 'build an image from a Dockerfile, as docker build does'],
  ['build, pull, push [SERVICE]', ''],
  ['stop, start, restart, kill, pause, unpause, rm [SERVICE]', ''],
  ['create, attach, wait, top, stats, port, images, volumes, events [SERVICE]', ''],
  ['publish NAME', 'put the project into a registry, from where others run it: galley up -f oci://NAME'],
  ['export, commit SERVICE', "a container's files as an archive, or as an image"],
  ['cp', 'copy files between a container and here'],
  ['watch', 'bring services up, and change them as files change'],
  ['config', 'the Compose files as one, with all that they mean'],
  ['scale SERVICE=N', 'how many containers a service has'],
  ['ls', 'the projects that are here'],
  ['compose VERB', 'all of these as docker compose writes them'],
]

const machine: readonly Row[] = [
  ['daemon', 'run the engine; daemon start, status, stop and uninstall'],
  ['explain [ID]', 'what an error or a rule means, and what to try'],
  ['doctor', 'check what this machine lacks, and how to mend it'],
  ['env', 'print what points the docker command at Galley: eval $(galley env)'],
  ['registry', 'serve images to others: registry start, status, stop, user add'],
  ['images catalogue', 'the images that are made here when no registry can be reached'],
  ['bundle', 'put them into one file, for machines without a network'],
  ['import docker', 'bring the images and volumes of Docker on this machine over'],
  ['completion SHELL', "what bash, zsh or fish needs to complete galley's words"],
  ['install', 'start at boot, a galley command in the path, a context for docker'],
  ['uninstall', 'take that back'],
]

const itself: readonly Row[] = [
  ['help COMMAND', 'what a command does, and its options'],
  ['version', 'print the version'],
]

/** What `galley help` prints, in lines of at most so many columns. */
export function overview(columns: number): string {
  const groups = [projects, machine, itself]
  const width = Math.max(...groups.flat().map(([written, does]) => (does === '' ? 0 : widthOf(written))))
  const blocks = groups.map((rows) =>
    definitions(
      rows.map(([written, does]) => [does === '' ? written : pad(written, width), inWords(does)] as const),
      columns,
    ),
  )
  return `${inWords('Usage:')} galley COMMAND\n\n${blocks.join('\n')}\n${inWords('Galley sends nothing home.')}\n`
}
