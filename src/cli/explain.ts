import { readdirSync, readFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { home } from '#base/home.ts'
import { nearest } from '#base/nearest.ts'
import type { Command, Syntax } from './command.ts'
import { parseOptions } from './options.ts'

const pages = new URL('docs/rules/', home)

const syntax = {
  usage: 'explain [RULE]',
  does: `Prints the page of a rule that galley lint, galley why or a failed galley up named: what it means, with a bad and a good example.
Without a rule, lists them.`,
  operands: 1,
  options: {},
} as const satisfies Syntax

export const explain: Command = {
  syntax,
  async run(args) {
    const [rule = 'README'] = parseOptions(args, syntax).positionals
    process.stdout.write(readFileSync(new URL(`${checked(rule)}.md`, pages), 'utf8'))
    return 0
  },
}

function checked(rule: string): string {
  const known = readdirSync(pages).map((name) => name.replace(/\.md$/, ''))
  if (known.includes(rule)) return rule
  const meant = nearest(rule, known)
  const advice = `${meant === undefined ? '' : `Did you mean ${meant}? `}galley explain lists the rules.`
  throw new GalleyError('not found', `no rule is called '${rule}'`, { subject: rule, advice })
}
