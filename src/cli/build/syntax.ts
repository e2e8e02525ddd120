import type { Syntax } from '../command.ts'
import { dryRunOption } from '../dry-run.ts'
import { projectOptions } from '../options.ts'
import { progressOptions } from '../progress.ts'

const many = (value: string, does: string) => ({ type: 'string', multiple: true, value, does }) as const
const one = (value: string, does: string) => ({ type: 'string', value, does }) as const
const on = (does: string) => ({ type: 'boolean', does }) as const

/** Options of the build of a project's services. */
export const projectBuildOptions = {
  ...projectOptions,
  'build-arg': many('NAME[=VALUE]', 'a build argument; without a value, the environment’s'),
  'no-cache': on('take nothing from the cache'),
  pull: on('ask the registry for base images that are here, too'),
  verbose: { type: 'boolean', does: 'plain lines, with all that builds print' },
  'dry-run': { ...dryRunOption['dry-run'], does: "tell which of a project's images would be built, and build nothing" },
  ...progressOptions,
} as const

/** Options of a build of one image: those of docker build. */
export const imageOptions = {
  tag: { type: 'string', short: 't', multiple: true, value: 'NAME[:TAG]', does: 'a name for the image; several times for several' },
  target: one('STAGE', 'the stage to build, instead of the last one'),
  'build-context': many('NAME=SOURCE', 'another context: a directory, an address, docker-image://…, oci-layout://…'),
  label: many('NAME=VALUE', 'a label of the image'),
  annotation: many('[TYPE:]NAME=VALUE', 'an annotation of the image'),
  'no-cache-filter': many('STAGE', 'take nothing from the cache in these stages'),
  platform: many('OS/ARCH', 'what to build for; several give an index'),
  network: one('default|none|host', 'the network of RUN'),
  'add-host': many('NAME:ADDRESS', 'another line in /etc/hosts of RUN'),
  'shm-size': one('BYTES', 'size of /dev/shm of RUN, as 64m'),
  ulimit: many('NAME=SOFT[:HARD]', 'a limit of the processes of RUN'),
  secret: many('id=ID[,src=FILE|,env=NAME]', 'a secret for RUN --mount=type=secret'),
  ssh: many('default|ID[=SOCKET|KEY,…]', 'an SSH agent for RUN --mount=type=ssh'),
  allow: many('network.host|security.insecure', 'what RUN may ask for'),
  'cache-from': many('SOURCE', 'where results of steps are: NAME, type=registry,ref=NAME, type=local,src=DIR'),
  'cache-to': many('TARGET', 'where to leave results of steps: type=inline, type=registry,ref=NAME, type=local,dest=DIR'),
  output: {
    type: 'string',
    short: 'o',
    multiple: true,
    value: 'DIR|-|type=TYPE,…',
    does: 'what becomes of the result: local, tar, oci, docker, image, registry',
  },
  load: on('keep the image here, beside other outputs'),
  push: on('push the image to its registry'),
  iidfile: one('FILE', 'write the image’s id there'),
  'metadata-file': one('FILE', 'write what there is to know of the result there, as JSON'),
  quiet: { type: 'boolean', short: 'q', does: 'print the image’s id alone' },
  check: on('check the Dockerfile, and build nothing'),
  call: one('build|check|outline|targets', 'ask something about the Dockerfile'),
  debug: on('when a step fails, open a shell where it did; without a terminal, keep it for ten minutes'),
  attest: many('type=TYPE,…', 'an attestation of the result'),
  provenance: one('true|false|mode=…', 'attest how it was built'),
  sbom: one('true|false', 'attest what is in it'),
  'cgroup-parent': one('GROUP', 'the control group of RUN'),
} as const

export const buildSyntax = {
  usage: 'build [SERVICE…]|PATH|URL|-',
  does: `Builds the images of a project's services; or one image from a directory, an address, or an archive on standard input, as docker build
does. A path (. ./app /srv/app) with a Dockerfile is built as an image; without one, as the project whose Compose file is there. A word
is a service of the project here, or else a directory.`,
  operands: Infinity,
  options: {
    ...projectBuildOptions,
    file: { ...projectOptions.file, does: 'the Dockerfile, or - for standard input; of a project, its Compose files' },
    progress: { ...progressOptions.progress, value: 'auto|tty|plain|quiet|rawjson|json' },
    ...imageOptions,
  },
} as const satisfies Syntax
