import { existsSync, readFileSync } from 'node:fs'
import { home } from './home.ts'

/** The version in package.json. */
export function version(): string {
  const text = readFileSync(new URL('package.json', home), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Of what commit this was packed, and when (RFC 3339); a checkout runs what its sources say at the moment, which nobody can name. */
export function build(): { readonly commit: string; readonly time: string } {
  const [sources, packed] = [new URL('src', home), new URL('dist/build.json', home)]
  if (existsSync(sources) || !existsSync(packed)) return { commit: 'unknown', time: 'unknown' }
  return JSON.parse(readFileSync(packed, 'utf8')) as { commit: string; time: string }
}
