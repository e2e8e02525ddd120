import { readFileSync } from 'node:fs'
import { home } from './home.ts'

/** The version in package.json. */
export function version(): string {
  const text = readFileSync(new URL('package.json', home), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
