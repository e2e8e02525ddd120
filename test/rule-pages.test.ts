import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { exampleOf } from '#diagnose/pages.fixture.ts'
import type { Rule } from '#diagnose/rule.ts'
import { rules } from '#diagnose/rules.ts'
import type { Outcome } from './instance.ts'
import { IsolatedInstance } from './isolated-instance.ts'

/**
 * Every example of the rules that look at what runs, carried out as the page shows it, and linted where the rule does that too. The
 * examples of the others are checked in src/diagnose/lint.test.ts. Containers together have so little memory that one can use it up.
 */
const instance = new IsolatedInstance(['--memory-reserve', String(totalmem() - (1 << 30))])
const live = rules.filter(({ find, inspect }) => find !== undefined || inspect !== undefined)
/** Ends the largest container of the machine, which must be its own. */
const alone = ['machine-out-of-memory']
const images: Readonly<Record<string, readonly string[]>> = {
  'database-login-refused': ['mariadb:11'],
  'heap-full': ['node:22-slim'],
  'program-error': ['nginx:1.28'],
  'unknown-database': ['postgres:17'],
}

before(async () => {
  await instance.start()
  await instance.pulled('busybox:1')
})

after(() => instance.stop())

/** What a person who follows the page does, in a directory of its own; resolves with how the last command ended. */
async function follow({ id, lint, inspect }: Rule, heading: 'Bad' | 'Good'): Promise<Outcome> {
  const { compose, files, commands } = exampleOf(id, heading)
  const home = `${instance.home}/${id}-${heading.toLowerCase()}`
  for (const [name, text] of Object.entries({ ...files, 'compose.yaml': compose })) {
    mkdirSync(dirname(`${home}/${name}`), { recursive: true })
    writeFileSync(`${home}/${name}`, text)
  }
  const steps = commands.length === 0 ? ['galley up'] : commands
  const run = (step: string): Promise<Outcome> =>
    instance.command('sh', ['-c', step.replace(/^galley /, `${resolve('galley')} `)], { cwd: home, timeout: 280_000 })
  let last: Outcome | undefined
  for (const step of steps) last = await run(step)
  assert.ok(last !== undefined)
  if (lint !== undefined || inspect !== undefined) {
    const { err } = await run('galley lint')
    assert.equal(err.includes(`[${id}]`), heading === 'Bad', err)
  }
  const down = await run('galley down -t 0')
  assert.equal(down.code, 0, down.err)
  return last
}

async function check(rule: Rule): Promise<void> {
  const bad = await follow(rule, 'Bad')
  assert.equal(bad.code, 1, bad.err)
  const named = [...bad.err.matchAll(/^[✘!] .*\[([\w-]+)\]$/gm)].map(([, name]) => name)
  assert.deepEqual([...new Set(named)], [rule.id], bad.err)
  const good = await follow(rule, 'Good')
  assert.equal(good.code, 0, good.err)
  assert.doesNotMatch(good.err, /^[✘!] /m)
}

describe('the bad example of a page is explained by its rule alone, the good one comes up', { concurrency: 4 }, () => {
  for (const rule of live.filter(({ id }) => !alone.includes(id)))
    test(rule.id, async (context) => {
      if (await instance.isAtHand(context, ...(images[rule.id] ?? []))) await check(rule)
    })
})

for (const rule of live.filter(({ id }) => alone.includes(id)))
  test(`${rule.id}: its bad example is explained by it alone, the good one comes up`, () => check(rule))
