import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { home } from '#base/home.ts'

export const pages = new URL('docs/rules/', home)

export function pageText(name: string): string {
  return readFileSync(new URL(`${name}.md`, pages), 'utf8')
}

/** An example of a rule's page. */
export interface Example {
  /** Its `yaml` block. */
  readonly compose: string
  /** Its files by name: `dockerfile` blocks, and blocks whose first line names a file behind the language. */
  readonly files: Readonly<Record<string, string>>
  /** Its `console` block, line by line: what a person does with it. */
  readonly commands: readonly string[]
}

/** The blocks below one of the page's two headings. */
export function exampleOf(rule: string, heading: 'Bad' | 'Good'): Example {
  const section = new RegExp(`^## ${heading}\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(pageText(rule))?.[1] ?? ''
  const blocks = [...section.matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm)].map(([, language, name, text = '']) => ({
    language,
    name: name ?? (language === 'dockerfile' ? 'Dockerfile' : undefined),
    text,
  }))
  const compose = blocks.find(({ language, name }) => language === 'yaml' && name === undefined)?.text
  assert.ok(compose !== undefined, `${rule}: no Compose file under ${heading}`)
  return {
    compose,
    files: Object.fromEntries(blocks.flatMap(({ name, text }) => (name === undefined ? [] : [[name, text]]))),
    commands: blocks.filter(({ language }) => language === 'console').flatMap(({ text }) => text.trim().split('\n')),
  }
}
