import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A program that asks again and again over some connections until its input ends, tells each new answer in a line, and at the end what it was answered: `URL yes|no COUNT`, yes to keep connections. */
export const loadScript = `
const http = require('node:http')
const [url, keepAlive, count] = process.argv.slice(2)
const answers = {}, failures = []
let going = true
const ask = (agent) => new Promise((resolve, reject) => http.get(url, { agent }, (response) => {
  let text = ''
  response.on('data', (part) => (text += part)).on('error', reject)
  response.on('end', () => (response.statusCode < 400 ? resolve(text) : reject(new Error(response.statusCode + ' ' + text))))
}).on('error', reject))
const work = async () => {
  const agent = new http.Agent({ keepAlive: keepAlive === 'yes', maxSockets: 1 })
  while (going) {
    try {
      const answer = await ask(agent)
      if (!answers[answer]) console.log('new ' + JSON.stringify(answer))
      answers[answer] = (answers[answer] || 0) + 1
    }
    catch (error) { failures.push(String(error)); await new Promise((go) => setTimeout(go, 20)) }
    await new Promise((go) => setTimeout(go, 5))
  }
  agent.destroy()
}
process.stdin.resume().on('end', () => (going = false))
Promise.all(Array.from({ length: Number(count) }, work)).then(() => console.log('told ' + JSON.stringify({ answers, failures })))
`

export interface Told {
  /** How often each body came. */
  readonly answers: Readonly<Record<string, number>>
  /** One line for each request that got no answer, or a status from 400 on. */
  readonly failures: readonly string[]
}

/** The program at work, wherever a command starts it. */
export class Load {
  readonly name: string
  readonly #process: ChildProcess
  readonly #lines: string[] = []
  readonly #ended: Promise<unknown>

  constructor(name: string, command: readonly string[], socket: string) {
    this.name = name
    const [program = '', ...args] = command
    const env = { PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${socket}` }
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env })
    const lines = createInterface({ input: this.#process.stdout! }) // it is piped
    this.#ended = once(lines, 'close')
    lines.on('line', (line) => this.#lines.push(line))
  }

  /** Whether some body had such words. */
  hasSeen(words: string): boolean {
    return this.#answers('new ').some((answer) => (answer as string).includes(words))
  }

  /** What stands behind a word, line by line. */
  #answers(word: string): unknown[] {
    return this.#lines.filter((line) => line.startsWith(word)).map((line) => JSON.parse(line.slice(word.length)) as unknown)
  }

  async stop(): Promise<Told> {
    this.#process.stdin?.end()
    await this.#ended
    const [told] = this.#answers('told ')
    if (told === undefined) throw new Error(`${this.name} told nothing`)
    return told as Told
  }
}
