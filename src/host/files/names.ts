import { readdirSync } from 'node:fs'
import { ifThere } from '#base/if-there.ts'

/** The names in a directory; none where it is not there. Throws what else keeps it from being read. */
export function namesIn(directory: string): string[] {
  return ifThere(() => readdirSync(directory)) ?? []
}
