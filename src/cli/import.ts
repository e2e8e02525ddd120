import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from './command.ts'
import { ask, askJson, socketPath } from './connect.ts'
import { jsonLines } from './lines.ts'
import { parseOptions } from './options.ts'
import { say } from './say.ts'

const syntax = {
  usage: 'import docker',
  does: `Brings tagged images and named volumes of the Docker on this machine over; there nothing is changed. Exit code 1 when something
stayed behind.`,
  operands: 1,
  options: {
    images: { type: 'boolean', does: 'only images' },
    volumes: { type: 'boolean', does: 'only volumes' },
    socket: { type: 'string', value: 'PATH', does: "Docker's socket (/var/run/docker.sock)" },
  },
} as const satisfies Syntax

interface Image {
  readonly RepoTags: readonly string[] | null
}

interface Volume {
  readonly Name: string
  readonly Driver: string
  readonly Mountpoint: string
  readonly Labels: Readonly<Record<string, string>> | null
  readonly Options: Readonly<Record<string, string>> | null
}

export const importDocker: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    if (positionals[0] !== 'docker')
      throw new GalleyError('invalid', 'galley import needs the word for what it imports from: docker', {
        code: 'cli.arguments',
        advice: 'galley import docker',
      })
    const docker = socketOfDocker(values.socket)
    const all = values.images !== true && values.volumes !== true
    const left = [
      ...(all || values.images === true ? await images(docker) : []),
      ...(all || values.volumes === true ? await volumes(docker) : []),
    ]
    for (const line of left) say(`left behind: ${line}`)
    return left.length === 0 ? 0 : 1
  },
}

function socketOfDocker(given: string | undefined): string {
  const socket = given ?? '/var/run/docker.sock'
  if (!existsSync(socket))
    throw new GalleyError('not found', `no Docker answers at ${socket}`, {
      code: 'docker.absent',
      subject: socket,
      advice: 'Start Docker, or name its socket with --socket.',
    })
  if (existsSync(socketPath()) && realpathSync(socket) === realpathSync(socketPath()))
    throw new GalleyError('invalid', `${socket} is Galley's own socket`, { subject: socket, advice: "Name Docker's with --socket." })
  return socket
}

/** All in one archive, so that layers that images share are sent once. */
async function images(docker: string): Promise<string[]> {
  const found = await askJson<Image[]>('/images/json', { at: docker })
  const names = found.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => !name.includes('<none>'))
  say(`${names.length} images`)
  if (names.length === 0) return []
  const query = names.map((name) => `names=${encodeURIComponent(name)}`).join('&')
  const archive = await ask(`/images/get?${query}`, { at: docker })
  const answer = await ask('/images/load', { method: 'POST', upload: archive })
  const left: string[] = []
  for await (const { stream, error } of jsonLines<{ stream?: string; error?: string }>(answer)) {
    if (stream !== undefined) say(`  ${stream.trim()}`)
    if (error !== undefined) left.push(`images: ${error}`)
  }
  return left
}

async function volumes(docker: string): Promise<string[]> {
  const found = (await askJson<{ Volumes: Volume[] | null }>('/volumes', { at: docker })).Volumes ?? []
  const named = found.filter(({ Name }) => !/^[0-9a-f]{64}$/.test(Name))
  say(`${named.length} named volumes`)
  const left: string[] = []
  for (const volume of named) {
    const problem = (await obstacle(docker, volume)) ?? (await copy(volume))
    if (problem === undefined) say(`  ${volume.Name}`)
    else left.push(`volume ${volume.Name}: ${problem}`)
  }
  return left
}

/** Why a volume can't be copied as it is. */
async function obstacle(docker: string, { Name, Driver, Options }: Volume): Promise<string | undefined> {
  if (Driver !== 'local') return `its driver is ${Driver}`
  if (Object.keys(Options ?? {}).length > 0) return 'it has options of its own; create it with docker volume create'
  const filters = encodeURIComponent(JSON.stringify({ volume: [Name], status: ['running'] }))
  const [user] = await askJson<{ Names: readonly string[] }[]>(`/containers/json?filters=${filters}`, { at: docker })
  return user === undefined ? undefined : `container ${user.Names[0]?.slice(1)} is writing to it; stop it first`
}

/** Owners, modes, times, links and attributes are kept; where the file system can, blocks are shared. */
async function copy({ Name, Mountpoint, Labels }: Volume): Promise<string | undefined> {
  const target = await askJson<Volume>('/volumes/create', { method: 'POST', body: { Name, Labels: Labels ?? {} } })
  if (readdirSync(target.Mountpoint).length > 0) return 'a volume of that name is here already and holds data'
  const { status, stderr } = spawnSync('cp', ['-a', '--reflink=auto', `${Mountpoint}/.`, target.Mountpoint], { encoding: 'utf8' })
  return status === 0 ? undefined : stderr.trim()
}
