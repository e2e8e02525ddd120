import { home } from '#base/home.ts'

type Daemon = typeof import('./serve.ts')
type Dispatch = typeof import('./dispatch.ts')

// The daemon runs in this process: by `import`, it would keep more of Node in memory than it uses (packaging/bundle.ts).
const { readFileSync, statSync } = process.getBuiltinModule('node:fs')

const bundled = (name: string): string => new URL(`dist/cli/${name}.js`, home).href

/**
 * The daemon's program as one file, which starts faster and takes less memory than its sources one by one. In a checkout the file is
 * made when a source has changed since; where that can't be done, the sources are run as they are.
 */
export async function newestDaemon(): Promise<Daemon> {
  if (import.meta.url.endsWith('.ts') && (isFresh() || makeAnew())) return (await import(bundled('serve'))) as Daemon
  return await import('./serve.ts')
}

/**
 * All other commands as one file, which takes half the time to start; where a source has changed since the daemon made it, the sources
 * as they are.
 */
export async function newestDispatch(): Promise<Dispatch> {
  if (import.meta.url.endsWith('.ts') && isFresh()) return (await import(bundled('dispatch'))) as Dispatch
  return await import('./dispatch.ts')
}

/** Whether every file that the bundle was made of is still as it was then. */
function isFresh(): boolean {
  try {
    const inputs = JSON.parse(readFileSync(new URL('dist/inputs.json', home), 'utf8')) as [path: string, mtimeMs: number, size: number][]
    return inputs.every(([path, mtimeMs, size]) => {
      const found = statSync(`${home.pathname}${path}`, { throwIfNoEntry: false })
      return found?.mtimeMs === mtimeMs && found.size === size
    })
  } catch {
    return false
  }
}

function makeAnew(): boolean {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const program = new URL('packaging/bundle.ts', home).pathname
  const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program], { encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`galley: runs from its sources, and takes more memory, as they can't be bundled: ${stderr}\n`)
  return status === 0
}
