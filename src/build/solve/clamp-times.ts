import { lstatSync, lutimesSync, readdirSync } from 'node:fs'

/** Lets nothing below a directory, nor itself, be younger than `epoch` (milliseconds), as reproducible builds want it (SOURCE_DATE_EPOCH). */
export function clampTimes(directory: string, epoch: number): void {
  visit(Buffer.from(directory), epoch)
}

function visit(path: Buffer, epoch: number): void {
  const stat = lstatSync(path)
  if (stat.isDirectory()) for (const name of readdirSync(path, 'buffer')) visit(Buffer.concat([path, Buffer.from('/'), name]), epoch)
  // A directory comes after what is in it, though a change of times does not change its own.
  if (stat.mtimeMs > epoch) lutimesSync(path, epoch / 1000, epoch / 1000)
}
