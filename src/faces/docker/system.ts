import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { arch, cpus, hostname, release, totalmem } from 'node:os'
import { confinesByDefault } from '#engine/containers/apparmor.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { build } from '#base/version.ts'
import { initProgram } from '#engine/containers/spec-mounts.ts'
import { sendEvents } from './events.ts'
import { ProgramTexts } from './program-texts.ts'
import { sendJson, type Call, type Routes } from './route.ts'

/** Handshake, version, info and events; `registries` are the fields of info that tell of them. */
export function systemRoutes(engine: Engine, images: { list(): readonly unknown[] }, version: string, registries: object): Routes {
  const texts = new ProgramTexts()
  return {
    'GET /_ping': ping,
    'HEAD /_ping': ping,
    'GET /version': (call) => sendJson(call, 200, versionOf(version)),
    'GET /info': async (call) => {
      const now = { ...info(engine, images.list().length, version), ...(await commits(engine, texts)), ...registries }
      sendJson(call, 200, { ...now, ...formerly(call.minor, now) })
    },
    'GET /events': (call) => sendEvents(engine, call),
  }
}

/** What older clients of the API look for in info, and newer ones were told not to (version history of 1.49 and 1.50). */
function formerly(minor: number, now: Awaited<ReturnType<typeof commits>>): object {
  const expected = Object.entries({ ContainerdCommit: now.ContainerdCommit, RuncCommit: now.RuncCommit, InitCommit: now.InitCommit })
  return {
    ...(minor < 50 && { BridgeNfIptables: false, BridgeNfIp6tables: false }),
    ...(minor < 49 && Object.fromEntries(expected.map(([name, { ID }]) => [name, { ID, Expected: ID }]))),
  }
}

function ping({ request, response }: Call): void {
  response.writeHead(200, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-cache, no-store, must-revalidate',
    pragma: 'no-cache',
    'builder-version': '2',
    swarm: 'inactive',
  })
  response.end(request.method === 'HEAD' ? '' : 'OK')
}

function goArch(): string {
  return arch() === 'x64' ? 'amd64' : arch()
}

function versionOf(version: string): object {
  const { commit, time } = build()
  const common = {
    ApiVersion: '1.51',
    MinAPIVersion: '1.24',
    GitCommit: commit,
    GoVersion: `none (Node.js ${process.versions.node})`,
    Os: 'linux',
    Arch: goArch(),
    KernelVersion: release(),
    BuildTime: time,
  }
  return {
    Platform: { Name: 'Galley' },
    Version: version,
    ...common,
    Components: [{ Name: 'Engine', Version: version, Details: { ...common, Experimental: 'false' } }],
  }
}

function info(engine: Engine, images: number, version: string): object {
  const containers = engine.containers.list()
  const count = (status: string): number => containers.filter(({ state }) => state.status === status).length
  const cgroup2 = statfsSync('/sys/fs/cgroup').type === 0x63677270
  const pretty = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  return {
    ID: engineId(engine.data),
    Containers: containers.length,
    ContainersRunning: count('running'),
    ContainersPaused: count('paused'),
    ContainersStopped: containers.length - count('running') - count('paused'),
    Images: images,
    Driver: 'overlay2',
    DriverStatus: [],
    Plugins: { Volume: ['local'], Network: ['bridge', 'host', 'none'], Authorization: null, Log: ['json-file', 'local', 'none'] },
    MemoryLimit: true,
    SwapLimit: true,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    OomKillDisable: !cgroup2,
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: new Date(engine.clock.now()).toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: cgroup2 ? '2' : '1',
    NEventsListener: 0,
    KernelVersion: release(),
    OperatingSystem: pretty,
    OSVersion: '',
    OSType: 'linux',
    Architecture: arch() === 'x64' ? 'x86_64' : 'aarch64',
    IndexServerAddress: 'https://index.docker.io/v1/',
    NCPU: cpus().length,
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: engine.data,
    Name: hostname(),
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version,
    Runtimes: Object.fromEntries(engine.runtimes.all.map(({ name, program }) => [name, { path: program }])),
    CDISpecDirs: engine.deviceSpecifications,
    DefaultRuntime: engine.runtimes.usual,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '', RemoteManagers: null },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'docker-init',
    SecurityOptions: [
      ...(confinesByDefault() ? ['name=apparmor'] : []),
      'name=seccomp,profile=builtin',
      ...(cgroup2 ? ['name=cgroupns'] : []),
    ],
    Warnings: [],
  }
}

/** The same for as long as the data directory is on this machine; in the shape of a UUID, as Docker's is. */
function engineId(data: string): string {
  const machine = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : hostname()
  const digits = createHash('sha256').update(`galley ${machine} ${data}`).digest('hex')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')
}

/** What the programs that Galley runs say of themselves; it has no containerd. An empty ID is what Docker gives where there is none. */
async function commits(
  { runtimes }: Engine,
  texts: ProgramTexts,
): Promise<Record<`${'Containerd' | 'Runc' | 'Init'}Commit`, { readonly ID: string }>> {
  const program = runtimes.all.find(({ name }) => name === runtimes.usual)?.program ?? ''
  const [runtime, init] = await Promise.all([texts.of(program), texts.of(initProgram.host)])
  return {
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: /^commit: (\S+)/m.exec(runtime)?.[1] ?? '' },
    InitCommit: { ID: /version (\S+)/.exec(init)?.[1] ?? '' },
  }
}
