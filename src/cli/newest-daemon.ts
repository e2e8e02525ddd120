import { home } from '#base/home.ts'

type Daemon = typeof import('./serve.ts')

// The daemon runs in this process: by `import`, it would keep more of Node in memory than it uses (packaging/bundle.ts).
const { readFileSync, statSync } = process.getBuiltinModule('node:fs')

const bundled = new URL('dist/cli/serve.js', home)

/**
 * The daemon's program as one file, which starts faster and takes less memory than its sources one by one. In a checkout the file is
 * made when a source has changed since; where that can't be done, the sources are run as they are.
 */
export async function newestDaemon(): Promise<Daemon> {
  if (import.meta.url.endsWith('.ts') && (isFresh() || makeAnew())) return (await import(bundled.href)) as Daemon
  return await import('./serve.ts')
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
