import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Build, WatchRule } from '#compose/model/model.ts'
import { selected, selectionOf } from './selection.ts'

/** What a rule means of these files; `ignored`: the lines of ignore files, by name. */
function meant(files: readonly string[], rule: Partial<WatchRule>, ignored: Readonly<Record<string, string>> = {}): string[] {
  const home = mkdtempSync(`${tmpdir()}/galley-watch-`)
  try {
    for (const [path, text] of [...files.map((path) => [path, ''] as const), ...Object.entries(ignored)]) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), text)
    }
    const whole: WatchRule = {
      action: 'sync',
      ignore: [],
      include: [],
      initialSync: true,
      at: { file: '', line: 1, column: 1 },
      ...rule,
      path: join(home, rule.path ?? ''),
    }
    const build: Build = { context: home, dockerfile: 'Dockerfile', args: {} }
    return [...selected(whole, selectionOf(whole, build))].toSorted()
  } finally {
    rmSync(home, { recursive: true })
  }
}

test('a rule’s own words leave out and let in, and hidden files are files', () => {
  const files = ['.env', 'a.js', 'a.log', 'lib/b.js', 'lib/c.css', 'node_modules/x/y.js']
  assert.deepEqual(meant(files, { ignore: ['*.log', 'node_modules'] }), ['.env', 'a.js', 'lib', 'lib/b.js', 'lib/c.css'])
  assert.deepEqual(meant(files, { include: ['**/*.js'], ignore: ['node_modules'] }), ['a.js', 'lib/b.js'])
})

test('a directory that can no longer be read by its name takes nothing else along', () => {
  const home = mkdtempSync(`${tmpdir()}/galley-watch-`)
  try {
    // As one that has just gone: its name is not in UTF-8, and what is read of it leads nowhere.
    mkdirSync(Buffer.concat([Buffer.from(`${home}/`), Buffer.from([0xff])]))
    mkdirSync(`${home}/lib`)
    writeFileSync(`${home}/lib/a.js`, '')
    const at = { file: '', line: 1, column: 1 }
    const rule: WatchRule = { action: 'sync', ignore: [], include: ['lib', '**/*.js'], initialSync: true, at, path: home }
    assert.deepEqual([...selected(rule, selectionOf(rule, undefined))].toSorted(), ['lib', 'lib/a.js'])
  } finally {
    rmSync(home, { recursive: true })
  }
})

test('what version control and editors keep is never meant', () => {
  assert.deepEqual(meant(['a.js', '.git/HEAD', 'lib/.a.js.swp', 'a.js~'], {}), ['a.js', 'lib'])
})

test('a rule about a file means that file', () => {
  assert.deepEqual(meant(['app.conf'], { path: 'app.conf' }), [''])
})

test('the ignore file of the build applies, that of its Dockerfile before the context’s, and one that lets some in alone does not', () => {
  const files = ['src/a.js', 'src/gen/b.js']
  const rule = { path: 'src' }
  assert.deepEqual(meant(files, rule, { '.dockerignore': 'src/gen\n' }), ['a.js'])
  assert.deepEqual(meant(files, rule, { '.dockerignore': 'src/gen\n', 'Dockerfile.dockerignore': 'src/a.js\n' }), ['gen', 'gen/b.js'])
  assert.deepEqual(meant(files, rule, { '.dockerignore': '*\n!src/gen\n' }), ['a.js', 'gen', 'gen/b.js'])
  assert.deepEqual(meant(['app.conf'], { path: 'app.conf' }, { '.dockerignore': '*.conf\n' }), [])
})
