import { homedir } from 'node:os'
import { callerEnvironment } from './caller-environment.ts'

/** Where Compose files from registries and repositories lie. */
export function cacheOfFiles(): string {
  const { XDG_CACHE_HOME: cached } = callerEnvironment()
  return `${cached === undefined || cached === '' ? `${homedir()}/.cache` : cached}/galley/projects`
}

/** Whether a file is one of these. */
export function isFromElsewhere(file: string, cache = cacheOfFiles()): boolean {
  return file.startsWith(`${cache}/`)
}
