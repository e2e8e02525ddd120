import { readFileSync } from 'node:fs'
import { home } from '#base/home.ts'
import { translator, type Catalogue } from './catalogue.ts'
import { withParticles } from './particles.ts'

/** A function that puts Galley's English texts into Korean. The catalogue is a file that is read by those who read Korean only. */
export function korean(): (text: string) => string {
  return translator(JSON.parse(readFileSync(new URL('words/korean.json', home), 'utf8')) as Catalogue, withParticles)
}
