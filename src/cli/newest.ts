import { home } from '#base/home.ts'

type Daemon = typeof import('./serve.ts')
type Dispatch = typeof import('./dispatch.ts')

// The daemon runs in this process: by `import`, it would keep more of Node in memory than it uses (packaging/bundle.ts).
const { existsSync, readFileSync, statSync } = process.getBuiltinModule('node:fs')

const sources = new URL('src/cli/', home)
const bundles = new URL('dist/cli/', home)
const isCheckout = existsSync(new URL('main.ts', sources))

/**
 * The daemon's program as a bundle, which starts faster and takes less memory than its sources one by one. In a checkout it is made
 * when a source has changed since; where that can't be done, the sources are run as they are.
 */
export async function newestDaemon(): Promise<Daemon> {
  return await load('serve', !isCheckout || isFresh('daemon') || makeAnew())
}

/**
 * All other commands as one file, which takes half the time to start; where a source has changed since the daemon made it, the sources
 * as they are.
 */
export async function newestDispatch(): Promise<Dispatch> {
  return await load('dispatch', !isCheckout || isFresh('commands'))
}

/**
 * As `newestDispatch`, for a process that stands ready: with a way to ask whether the same would still be loaded. Undefined where the
 * sources run as they are.
 */
export async function lastingDispatch(): Promise<(Dispatch & { readonly isCurrent: () => boolean }) | undefined> {
  const file = new URL('dispatch.js', bundles)
  const identity = (): string | undefined => {
    const found = statSync(file, { throwIfNoEntry: false })
    return found === undefined ? undefined : [found.dev, found.ino, found.size, found.mtimeMs].join()
  }
  const loaded = identity()
  if (loaded === undefined || (isCheckout && !isFresh('commands'))) return undefined
  const inputs = isCheckout ? inputsOf('commands') : []
  return { ...(await load<Dispatch>('dispatch', true)), isCurrent: () => identity() === loaded && inputs.every(isUnchanged) }
}

/** By a name that the bundler does not follow. */
async function load<T>(name: string, asBundle: boolean): Promise<T> {
  return (await import(asBundle ? new URL(`${name}.js`, bundles).href : new URL(`${name}.ts`, sources).href)) as T
}

/** What a file was that a bundle was made of. */
interface Input {
  readonly path: string
  readonly mtimeMs: number
  readonly size: number
}

/** Whether every file that the bundles were made of is still as it was then. */
function isFresh(which: 'daemon' | 'commands'): boolean {
  try {
    return inputsOf(which).every(isUnchanged)
  } catch {
    return false
  }
}

/** Throws when no bundle was made. */
function inputsOf(which: 'daemon' | 'commands'): readonly Input[] {
  const text = readFileSync(new URL(`dist/inputs/${which}.json`, home), 'utf8')
  return (JSON.parse(text) as [path: string, mtimeMs: number, size: number][]).map(([path, mtimeMs, size]) => ({
    path: `${home.pathname}${path}`,
    mtimeMs,
    size,
  }))
}

function isUnchanged({ path, mtimeMs, size }: Input): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.mtimeMs === mtimeMs && found.size === size
}

function makeAnew(): boolean {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const program = new URL('packaging/bundle.ts', home).pathname
  const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program], { encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`galley: runs from its sources, and takes more memory, as they can't be bundled: ${stderr}\n`)
  return status === 0
}
