import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { placeOf, scripts, type Shell } from './scripts.ts'

const shells = Object.keys(scripts) as Shell[]

/** Puts the completion of each shell where it is found, below a prefix such as `/usr/local`. What somebody else put there stays. */
export function placeCompletions(prefix: string): void {
  for (const shell of shells) {
    const path = `${prefix}/${placeOf[shell]}`
    if (existsSync(path) && !isOwn(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, scripts[shell])
  }
}

/** Takes them away again. */
export function removeCompletions(prefix: string): void {
  for (const shell of shells) {
    const path = `${prefix}/${placeOf[shell]}`
    if (existsSync(path) && isOwn(path)) rmSync(path)
  }
}

function isOwn(path: string): boolean {
  return readFileSync(path, 'utf8').includes('# Completion of galley for ')
}
