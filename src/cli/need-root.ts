import { GalleyError } from '#base/error.ts'

/** Throws `forbidden` for anybody but root. `command` is what root would type. */
export function needRoot(command: string): void {
  if (process.geteuid?.() === 0) return
  throw new GalleyError('forbidden', 'only root can do this', { code: 'cli.not-root', advice: `sudo ${command}` })
}
