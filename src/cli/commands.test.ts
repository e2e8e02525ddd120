import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands } from './commands.ts'

/** What only looks: takes -o, and --json for the same. */
const looking = [
  'daemon',
  'diff',
  'doctor',
  'env',
  'events',
  'explain',
  'images',
  'lint',
  'logs',
  'ls',
  'port',
  'ps',
  'registry',
  'stats',
  'top',
  'version',
  'volumes',
  'why',
]

/** What takes time: takes --progress. */
const working = [
  'build',
  'bundle',
  'compose',
  'create',
  'down',
  'kill',
  'pause',
  'pull',
  'publish',
  'push',
  'restart',
  'rm',
  'run',
  'scale',
  'start',
  'stop',
  'unpause',
  'up',
  'watch',
]

/** What does neither, and why. */
const others: Readonly<Record<string, string>> = {
  attach: 'is a container on this terminal',
  commit: 'says in a line what it made',
  completion: 'prints a program',
  config: "prints a document; its -o names a file, as docker compose's",
  cp: 'is silent',
  exec: 'is another program on this terminal',
  export: "writes an archive; its -o names a file, as docker compose's",
  import: 'says what came over in lines',
  install: 'says what it did in lines',
  uninstall: 'says what it did in lines',
  wait: 'waits, and says how it ended in its exit code',
}

test('every command tells programs what it found, or how it goes on, or is known to do neither', async () => {
  const known = [...looking, ...working, ...Object.keys(others)]
  assert.deepEqual(
    Object.keys(commands).filter((name) => !known.includes(name)),
    [],
  )
  for (const [name, load] of Object.entries(commands)) {
    const { options } = (await load()).syntax
    if (looking.includes(name)) assert.equal(options['output']?.value, 'json|yaml|name', name)
    if (working.includes(name)) assert.match(options['progress']?.value ?? '', /plain.*\bjson\b/, name)
  }
})

test('no letter stands for two options of a command', async () => {
  for (const [name, load] of Object.entries(commands)) {
    const letters = Object.values((await load()).syntax.options).flatMap(({ short }) => (short === undefined ? [] : [short]))
    assert.equal(new Set(letters).size, letters.length, name)
  }
})
