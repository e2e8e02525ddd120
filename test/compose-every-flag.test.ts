import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { compose } from '#cli/compose.ts'
import { composeVerbs } from '#cli/commands.ts'
import type { Syntax } from '#cli/command.ts'
import { newerPlugin } from './newer-clients.ts'

/** Flags of docker compose as its own help tells of them: each is known to Galley, carried out or refused by its name. */

interface Flag {
  readonly name: string
  readonly short: string | undefined
  /** `string`, `stringArray`, `int`; undefined for a switch. */
  readonly value: string | undefined
}

/** `  -f, --file stringArray   Compose configuration files` */
const line = /^ {2}(?:-(\w), | {4})--([\w-]+)(?: (\w+))?(?= {2,}|$)/gm

function flagsIn(help: string): Flag[] {
  return [...help.matchAll(line)].map(([, short, name = '', value]) => ({ name, short, value }))
}

function verbsIn(help: string): string[] {
  return [...help.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, verb = '']) => verb)
}

/** Taken before the verb and behind it, wherever it stands. */
const everywhere = new Set(['dry-run'])

/** What is wrong with how a flag is known. */
function problem({ name, short, value }: Flag, { options, refused = {} }: Syntax): string | undefined {
  const option = options[name] ?? refused[name]
  if (option === undefined) return 'is unknown'
  if ((option.type === 'string') !== (value !== undefined)) return value === undefined ? 'takes a value' : 'takes no value'
  if (short !== undefined && option.short !== short) return `has no -${short}`
  return value !== undefined && /Array|list|scale/.test(value) && option.multiple !== true ? 'is taken once' : undefined
}

test('every flag of docker compose’s help is known, with its letter and its kind of value', async (t: TestContext) => {
  const program = await newerPlugin('docker-compose')
  if (program === undefined) return t.skip('docker compose 2.40 can not be had')
  const help = (...words: string[]): string => execFileSync(program, [...words, '--help'], { encoding: 'utf8' })
  const whole = help()
  const verbs = verbsIn(whole)
  assert.ok(verbs.length > 30, whole)
  const wrong: string[] = []
  const look = (verb: string, text: string, syntax: Syntax): void => {
    for (const flag of flagsIn(text).filter(({ name }) => verb === '' || !everywhere.has(name))) {
      const what = problem(flag, syntax)
      if (what !== undefined) wrong.push(`${verb} --${flag.name} ${what}`)
    }
  }
  look('', whole, compose.syntax)
  for (const verb of verbs) {
    const command = await composeVerbs[verb]?.()
    if (command !== undefined) look(verb, help(verb), command.syntax)
  }
  assert.deepEqual(wrong, [])
  // It answers that it is not implemented.
  assert.deepEqual(
    verbs.filter((verb) => !Object.hasOwn(composeVerbs, verb)),
    ['bridge'],
  )
})

test('what is refused by name says what helps instead', async () => {
  for (const [verb, load] of Object.entries(composeVerbs)) {
    const { refused = {}, options } = (await load()).syntax
    for (const [name, { does }] of Object.entries(refused)) {
      assert.match(does, /[.]$/, `${verb} --${name}`)
      assert.ok(!Object.hasOwn(options, name), `${verb} --${name}`)
    }
  }
})
