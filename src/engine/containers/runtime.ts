import { existsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { OciRuntime } from '#host/oci-runtime/runtimes.ts'
import type { Engine } from './engine.ts'
import type { Container } from './model.ts'

/** The OCI runtime of a container. Throws `invalid` for one that isn't known, `unavailable` for one that isn't installed any more. */
export function runtimeOf(engine: Engine, { hostConfig: { Runtime } }: Pick<Container, 'hostConfig'>): OciRuntime {
  const name = Runtime || engine.runtimes.usual
  const found = engine.runtimes.all.find((runtime) => runtime.name === name)
  if (found === undefined) throw new GalleyError('invalid', `unknown or invalid runtime name: ${name}`, { subject: name })
  if (!existsSync(found.program))
    throw new GalleyError('unavailable', `the runtime ${name} is not installed: there is no ${found.program}`, {
      code: 'process.not-started',
      subject: found.program,
      advice: `apt-get install ${name}`,
    })
  return found
}

/** The command that runs a container in the foreground until it ends. */
export function runCommand(engine: Engine, container: Container, bundle: string): string[] {
  const runtime = runtimeOf(engine, container)
  return [
    ...start(engine, runtime, `${bundle}/runtime.log`),
    'run',
    ...(runtime.holdsGroup ? [] : ['--keep']),
    '--bundle',
    bundle,
    '--pid-file',
    `${bundle}/pid`,
    ...(container.config.Tty && runtime.sendsTerminal ? ['--console-socket', consoleSocketOf(engine, container.id)] : []),
    container.id,
  ]
}

/** The command that runs `<directory>/process.json` in a running container. */
export function execCommand(
  engine: Engine,
  container: Container,
  { directory, consoleSocket }: { directory: string; consoleSocket: string | undefined },
): string[] {
  const runtime = runtimeOf(engine, container)
  return [
    ...start(engine, runtime, `${directory}/runtime.log`),
    'exec',
    '--process',
    `${directory}/process.json`,
    '--pid-file',
    `${directory}/pid`,
    ...(consoleSocket === undefined ? [] : ['--tty', ...(runtime.sendsTerminal ? ['--console-socket', consoleSocket] : [])]),
    container.id,
  ]
}

/**
 * Where the runtime sends the terminal of a container or exec session. Short: a socket's path has room for 107 bytes
 * (unix(7)), which their own directories can exceed.
 */
export function consoleSocketOf(engine: Engine, id: string): string {
  return `${engine.run}/tty/${id.slice(0, 16)}`
}

/** Where the container's runtime keeps what it knows, and how it is asked to delete that. */
export function runtimeState(engine: Engine, container: Container): { readonly command: readonly string[]; readonly root: string } {
  const runtime = runtimeOf(engine, container)
  return { command: start(engine, runtime, '/dev/null'), root: rootOf(engine, runtime) }
}

function start(engine: Engine, runtime: OciRuntime, log: string): string[] {
  return [runtime.program, '--root', rootOf(engine, runtime), ...runtime.global(log)]
}

function rootOf(engine: Engine, { name }: OciRuntime): string {
  return `${engine.run}/${name}`
}
