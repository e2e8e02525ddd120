import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { GalleyError, messageOf } from '#base/error.ts'
import { copyUp } from '#host/files/copy-up.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { initialHealth } from '#engine/health/check.ts'
import { logSpecOf } from '#engine/logs/options.ts'
import type { LogSpec } from '#keeper/protocol.ts'
import { deleteLeftovers } from '#host/oci-runtime/delete.ts'
import type { ProcessSpec } from '#keeper/protocol.ts'
import { endRuntime } from '#keeper/shell.ts'
import { mountOverlay, unmountOverlay } from '#host/overlay/mount.ts'
import { ensureProfile } from './apparmor.ts'
import { groupOf } from './cgroup.ts'
import { followLinks } from './connect.ts'
import { eventAttributes } from './create.ts'
import type { Engine } from './engine.ts'
import { takesOver } from './file-system.ts'
import { injectedFor, type Injected } from './injected-devices.ts'
import { resolveLinks } from './links.ts'
import type { Container } from './model.ts'
import { namespacesFor, releaseSharedMemory, sharedMemoryFor } from './namespaces.ts'
import { writeNetworkFiles } from './network-files.ts'
import { attachNetworks, leaveNetworks } from './networking.ts'
import { consoleSocketOf, runCommand, runtimeOf, runtimeState } from './runtime.ts'
import { saveState } from './save-state.ts'
import { specFor, terminalSize, type Spec } from './spec.ts'
import { rootfsPropagation } from './spec-mounts.ts'
import { startAdvice, startExitCode, startProblem } from './start-problem.ts'
import { mountSources, releaseSubpaths } from './subpath.ts'
import { checkSystemDirectories } from './system-directories.ts'
import { resolveUser } from './user.ts'
import { mountVolumes, tellVolumes, unmountVolumes } from './volume-mounts.ts'

/** Milliseconds for which a client that reads nothing may hold a container back; what it then misses is in the log. */
const clientPatience = 60_000

/** Brings the container's world up and its process to life. Call it in the container's turn. */
export async function launch(engine: Engine, container: Container): Promise<void> {
  try {
    const namespace = await attachNetworks(engine, container)
    await mountVolumes(engine, container)
    await ensureProfile(container.hostConfig)
    const injected = await injectedFor(engine, container.hostConfig)
    const spec = prepare(engine, container, { namespace, injected })
    const bundle = writeBundle(engine, container, spec)
    await sizeTerminal(engine, container)
    // Before anything of it can be logged: clients ask for what was logged since the start, and wait for a line of it.
    const startedAt = engine.clock.now()
    const answer = await engine.keeper.start(heldProcess(engine, container, bundle))
    if (!answer.ok) throw startFailure(engine, container, answer.error)
    await started(engine, container, { pid: answer.pid ?? 0, startedAt })
  } catch (error) {
    await tearDownOrLog(engine, container)
    const failed = error instanceof GalleyError ? error : new GalleyError('internal', (error as Error).message, { cause: error })
    Object.assign(container.state, {
      status: container.state.startedAt === 0 ? 'created' : 'exited',
      pid: 0,
      error: failed.message,
      exitCode: startExitCode(failed.message, 128),
    })
    await saveState(engine, container)
    engine.containers.exited(container)
    throw failed
  }
}

/** What the keeper is to hold of a container. */
function heldProcess(engine: Engine, container: Container, bundle: string): ProcessSpec {
  const { id, config } = container
  const { sendsTerminal, holdsGroup, wantsReadOnlyProgram } = runtimeOf(engine, container)
  return {
    id,
    command: runCommand(engine, container, bundle),
    readOnlyProgram: wantsReadOnlyProgram,
    passesMounts: rootfsPropagation(container.mounts).rootfsPropagation === 'shared',
    directory: bundle,
    stdin: config.OpenStdin,
    stdinOnce: config.StdinOnce,
    consoleSocket: config.Tty ? consoleSocketOf(engine, id) : undefined,
    relaysTerminal: !sendsTerminal,
    log: logSpec(engine, container),
    group: { path: groupOf(engine, container), held: holdsGroup },
    patience: clientPatience,
  }
}

/** A terminal that is relayed has the size that the keeper gives it; one that the runtime makes is sized by the configuration. */
async function sizeTerminal(engine: Engine, container: Container): Promise<void> {
  const [rows = 0, columns = 0] = terminalSize(container)
  if (container.config.Tty && rows > 0 && columns > 0 && !runtimeOf(engine, container).sendsTerminal)
    await engine.keeper.resize(container.id, rows, columns)
}

async function started(engine: Engine, container: Container, begun: Pick<Container['state'], 'pid' | 'startedAt'>): Promise<void> {
  const fresh = { ...begun, status: 'running', exitCode: 0, error: '', oomKilled: false }
  Object.assign(container.state, fresh, { forced: undefined, memoryPeak: undefined })
  const health = initialHealth(container.config)
  if (health !== undefined) container.state.health = health
  await engine.containers.save(container)
  followLinks(engine, container)
  tellVolumes(engine, container, 'mount')
  engine.events.emit('container', 'start', container.id, eventAttributes(container))
}

/** Files and mounts that the runtime finds, and the configuration that names them. */
function prepare(
  engine: Engine,
  container: Container,
  { namespace, injected }: { readonly namespace: string | undefined; readonly injected: Injected },
): Spec {
  const image = engine.images.resolve(container.image)
  const rootfs = mountOverlay({ lower: image.layers, directory: `${engine.data}/containers/${container.id}` })
  const links = resolveLinks(engine, container)
  const files = writeNetworkFiles(engine, container, links)
  using root = OpenDirectory.at(rootfs)
  checkSystemDirectories(root)
  const volumeSource = mountSources(engine, container)
  for (const mount of container.mounts)
    if (takesOver(mount) && statSync(volumeSource(mount)).isDirectory()) copyUp(root, mount.destination, volumeSource(mount))
  return specFor(container, {
    rootfs,
    user: resolveUser(rootfs, container.config.User, container.hostConfig.GroupAdd),
    namespaces: namespacesFor(engine, container, namespace),
    sharedMemory: sharedMemoryFor(engine, container),
    cgroupsPath: groupOf(engine, container),
    files,
    linkEnv: links.flatMap(({ env }) => env),
    secretEnv: image.secretEnv ?? [],
    injected,
    volumeSource,
  })
}

/** The directory that the runtime is given (runtime-spec, bundle.md). */
function writeBundle(engine: Engine, container: Container, spec: Spec): string {
  const bundle = bundleDirectory(engine, container.id)
  mkdirSync(bundle, { recursive: true, mode: 0o700 })
  const configuration = runtimeOf(engine, container).takesFilters ? engine.filters.apply(spec, stateOf(engine, container)) : spec
  writeFileSync(`${bundle}/config.json`, JSON.stringify(configuration), { mode: 0o600 })
  return bundle
}

/** The directory in which the runtime keeps what it knows of a container while that lives. */
function stateOf(engine: Engine, container: Container): string {
  return `${runtimeState(engine, container).root}/${container.id}`
}

/** Where a container's file system is mounted while it runs. */
export function rootfsOf(engine: Engine, id: string): string {
  return `${engine.data}/containers/${id}/merged`
}

export function bundleDirectory(engine: Engine, id: string): string {
  return `${engine.run}/containers/${id}`
}

/** Where the container's log is, and how it is written; undefined for one that keeps none. */
export function logSpec(engine: Engine, container: Container): LogSpec | undefined {
  return logSpecOf(container, `${engine.data}/containers/${container.id}`)
}

function startFailure(engine: Engine, { id, path, hostConfig }: Container, log: string): GalleyError {
  const problem = startProblem(log, { rootfs: rootfsOf(engine, id), program: path })
  return new GalleyError(
    'invalid',
    `failed to create task for container: failed to create shim task: OCI runtime create failed: ${problem}`,
    { code: 'container.start-failed', ...startAdvice(problem, hostConfig.Ulimits) },
  )
}

/**
 * Runtimes of a container and of its exec sessions whose keeper died before it could tell of them: the next keeper knows them by their
 * directories, which may go before it looks.
 */
export function endRuntimes(bundle: string): void {
  endRuntime(bundle)
  const execs = `${bundle}/execs`
  if (existsSync(execs)) for (const id of readdirSync(execs)) endRuntime(`${execs}/${id}`)
}

/** Undoes what `launch` set up, as far as it can. Throws the first of what could not be undone, when all else is. */
export async function tearDown(engine: Engine, container: Container): Promise<void> {
  const { id } = container
  const failures: unknown[] = []
  const steps: (() => void | Promise<void>)[] = [
    () => endRuntimes(bundleDirectory(engine, id)),
    () => unmountVolumes(engine, container),
    () => deleteLeftovers(runtimeState(engine, container), id),
    () => leaveNetworks(engine, container),
    () => releaseSharedMemory(engine, id),
    () => releaseSubpaths(engine, id),
    () => unmountIfMounted(`${engine.data}/containers/${id}`),
  ]
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** As `tearDown`, of one whose end or failure is a fact that must be told. What could not be undone is when it is started again or removed. */
export async function tearDownOrLog(engine: Engine, container: Container): Promise<void> {
  try {
    await tearDown(engine, container)
  } catch (error) {
    engine.log.warn('something of a container that has ended is left', { container: container.id, error: messageOf(error) })
  }
}

function unmountIfMounted(directory: string): void {
  try {
    unmountOverlay(directory)
  } catch {
    // It was not mounted.
  }
}
