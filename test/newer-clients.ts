import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { sourcesFor } from '#engine/catalogue/sources.ts'

/** Clients of other times than this machine's: unpacked from the packages of Debian's suites, not installed. */
const cache = '/var/cache/galley/clients'

/** Path of a plugin of the docker command, such as `docker-compose`; undefined when no suite that has it can be reached. */
export function newerPlugin(name: 'docker-compose' | 'docker-buildx'): Promise<string | undefined> {
  return newer(name, `usr/libexec/docker/cli-plugins/${name}`)
}

/** Path of a docker command of 28 or newer; undefined when no suite that has it can be reached. */
export function newerDocker(): Promise<string | undefined> {
  return newer('docker-cli', 'usr/bin/docker')
}

/** Path of a command; undefined when no suite that has it can be reached. */
export function newerCommand(name: 'crane' | 'oras'): Promise<string | undefined> {
  return newer(name, `usr/bin/${name}`)
}

async function newer(name: string, file: string): Promise<string | undefined> {
  const path = `${cache}/${name}/${file}`
  if (!existsSync(path)) await unpack(name, 'sid')
  return existsSync(path) ? path : undefined
}

/** Path of Debian 12's docker command (20.10), which has BuildKit's client built in; undefined when it can't be reached. */
export async function olderDocker(): Promise<string | undefined> {
  const path = `${cache}/docker.io/usr/bin/docker`
  if (!existsSync(path)) await unpack('docker.io', 'bookworm')
  return existsSync(path) ? path : undefined
}

async function unpack(name: string, suite: 'sid' | 'bookworm'): Promise<void> {
  const work = `${cache}/.${name}-${process.pid}`
  for (const directory of ['lists', 'cache/archives/partial', 'tree']) mkdirSync(`${work}/${directory}`, { recursive: true })
  writeFileSync(`${work}/sources.list`, `${(await sourcesFor(suite)).join('\n')}\n`)
  writeFileSync(`${work}/status`, '')
  const apt = (...args: string[]): boolean => {
    const own = {
      'Dir::Etc::SourceList': `${work}/sources.list`,
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::State::Lists': `${work}/lists`,
      'Dir::State::status': `${work}/status`,
      'Dir::Cache': `${work}/cache`,
      'APT::Sandbox::User': 'root',
    }
    const options = Object.entries(own).flatMap(([key, value]) => ['-o', `${key}=${value}`])
    return spawnSync('apt-get', ['-qq', ...options, ...args], { cwd: work, stdio: ['ignore', 'ignore', 'ignore'] }).status === 0
  }
  try {
    const [archive] = apt('update') && apt('download', name) ? globSync(`${work}/${name}_*.deb`) : []
    if (archive === undefined || spawnSync('dpkg', ['-x', archive, `${work}/tree`]).status !== 0) return
    rmSync(`${cache}/${name}`, { recursive: true, force: true })
    renameSync(`${work}/tree`, `${cache}/${name}`)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
