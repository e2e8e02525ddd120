import { readFileSync } from 'node:fs'

/** Mount points of this process's mount namespace whose path starts with `prefix`, innermost first. */
export function mountsBelow(prefix: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((path) => path.startsWith(prefix))
    .toReversed()
}
