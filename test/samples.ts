import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { freePorts } from './free-ports.ts'
import type { Instance } from './instance.ts'

/** What a test does with a project of `examples/`, and what it must answer. */
export interface Sample {
  /** The directory. */
  readonly name: string
  /** What a page shows: the same words in the source, so that a change of the source is seen. */
  readonly page: string
  readonly source: { readonly file: string; readonly before: string; readonly after: string }
  /** The service that is made of the source. */
  readonly service: string
  /** Absent where nothing is kept. */
  readonly data?: Data
  /** Why docker compose can't bring it up by itself. */
  readonly notWithCompose?: string
}

export interface Data {
  /** The service that keeps it. */
  readonly service: string
  /** What is sent to keep `word`. */
  readonly write: (word: string) => { readonly path: string; readonly body: string | URLSearchParams; readonly json?: true }
  /** Where `shown(word)` is then found. */
  readonly read: string
  readonly shown: (word: string) => string
}

const field = (path: string, name: string, more: Readonly<Record<string, string>> = {}): Data['write'] => {
  return (word) => ({ path, body: new URLSearchParams({ ...more, [name]: word }) })
}

export const samples: readonly Sample[] = [
  {
    name: 'static-site',
    page: '<title>The Galley</title>',
    source: { file: 'site/index.html', before: '<title>The Galley</title>', after: '<title>The new Galley</title>' },
    service: 'site',
  },
  {
    name: 'load-balanced',
    page: 'Hello from ',
    source: { file: 'web/server.py', before: 'Hello from', after: 'Greetings from' },
    service: 'web',
  },
  {
    name: 'flask-postgres',
    page: '<h1>Notes</h1>',
    source: { file: 'web/templates/notes.html', before: '<h1>Notes</h1>', after: '<h1>New notes</h1>' },
    service: 'web',
    data: { service: 'db', write: field('/notes', 'text'), read: '/notes', shown: (word) => `"${word}"` },
  },
  {
    name: 'node-redis-nginx',
    page: 'What shall we eat?',
    source: { file: 'web/server.js', before: 'What shall we eat?', after: 'What shall we cook?' },
    service: 'web',
    data: { service: 'redis', write: () => field('/votes', 'dish')('kimbap'), read: '/votes', shown: () => '"kimbap":1,' },
  },
  {
    name: 'php-mariadb',
    page: '<h1>Guest book</h1>',
    source: { file: 'src/index.php', before: '<h1>Guest book</h1>', after: '<h1>Our guest book</h1>' },
    service: 'web',
    data: { service: 'db', write: field('/', 'words', { name: 'Ada' }), read: '/', shown: (word) => `<b>Ada</b>: ${word}` },
  },
  {
    name: 'meal',
    page: '<h1>Meals</h1>',
    source: { file: 'app/src/main/java/meal/MealController.java', before: '<h1>Meals</h1>', after: '<h1>New meals</h1>' },
    service: 'app',
    data: {
      service: 'mysql',
      write: (word) => ({ path: '/meals', body: JSON.stringify({ name: word }), json: true }),
      read: '/meals',
      shown: (word) => `"name":"${word}"`,
    },
    notWithCompose: 'its image is of a jar that another of its services makes first, which only galley up waits for',
  },
]

export interface Copy {
  readonly directory: string
  /** Of the project's page. */
  readonly url: string
}

/** A copy of an example, on ports of this machine that are free: its own may well be taken. */
export async function copyOf(instance: Instance, name: string, wanted: string = name): Promise<Copy> {
  const directory = `${instance.home}/${wanted}/${name}`
  const own = (path: string): boolean => !/\/node_modules|\/app\/build$/.test(path)
  // The lecture's project uses the sources beside it.
  cpSync('examples', `${instance.home}/${wanted}`, { recursive: true, filter: own })
  const file = composeFileIn(directory)
  let [text, page] = [readFileSync(file, 'utf8'), '']
  for (const [written, target] of text.matchAll(/"\d+:(\d+)"/g)) {
    const port = await freePorts()
    text = text.replace(written, `"${port}:${target}"`)
    if (target !== '3306') page = String(port)
  }
  writeFileSync(file, text)
  return { directory, url: `http://localhost:${page}` }
}

function composeFileIn(directory: string): string {
  const file = ['compose.yaml', 'docker-compose.yml'].map((one) => `${directory}/${one}`).find((path) => existsSync(path))
  assert.ok(file, `${directory} has no Compose file`)
  return file
}

/** Changes what a service's container is declared to be. */
export function declareAnew(directory: string, service: string): void {
  const file = composeFileIn(directory)
  const text = readFileSync(file, 'utf8')
  assert.ok(text.includes(`\n  ${service}:\n`))
  writeFileSync(file, text.replace(`\n  ${service}:\n`, `$&    labels: { edition: second }\n`))
}

/** Changes the source as its developer would. */
export function edit(directory: string, { file, before, after }: Sample['source']): void {
  const text = readFileSync(`${directory}/${file}`, 'utf8')
  assert.ok(text.includes(before), `${file} has no ${before}`)
  writeFileSync(`${directory}/${file}`, text.replace(before, after))
}

/** Keeps a word with a project. */
export async function keep(url: string, data: Data, word: string): Promise<void> {
  const { path, body, json } = data.write(word)
  const headers = { connection: 'close', ...(json === true && { 'content-type': 'application/json' }) }
  const { status } = await fetch(`${url}${path}`, { method: 'POST', body, headers, redirect: 'manual' })
  assert.ok(status < 400, `POST ${path}: ${status}`)
}

/** Whether the project has the word. */
export async function has(url: string, { read, shown }: Data, word: string): Promise<boolean> {
  const answer = await fetch(`${url}${read}`, { headers: { connection: 'close' } })
  return (await answer.text()).includes(shown(word))
}
