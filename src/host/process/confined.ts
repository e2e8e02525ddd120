import { run, type RunOptions, type RunResult } from './run.ts'

/**
 * Runs a shell script in mount and process namespaces of its own: whatever it mounts goes with it, and everything it started dies
 * with it, also when this process dies first. As `run` otherwise.
 */
export function runConfined(script: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const confined = ['--pdeathsig', 'KILL', '/usr/bin/unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  return run('/usr/bin/setpriv', [...confined, '/bin/sh', script, ...args], options)
}
