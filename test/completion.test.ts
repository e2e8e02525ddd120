import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { placeCompletions, removeCompletions } from '#cli/completion/place.ts'
import { placeOf, scripts, type Shell } from '#cli/completion/scripts.ts'
import { Instance } from './instance.ts'
import { galley, Projects } from './projects.ts'

/** Completion in the shells themselves: keys are typed on a terminal. */
const instance = new Instance()
const { directory, run } = new Projects(instance)
let home = ''

const project = `
services:
  database: {image: box, command: sleep 1000, stop_grace_period: 0s}
  web: {image: box, command: sleep 1000, stop_grace_period: 0s, ports: ["127.0.0.1::80"]}
  extra: {image: box, profiles: [more]}
`

before(async () => {
  await instance.start()
  await instance.importBox()
  home = directory('complete', { 'compose.yaml': project, 'file-here': '' })
  mkdirSync(`${instance.home}/bin`)
  symlinkSync(galley, `${instance.home}/bin/galley`)
  for (const shell of Object.keys(scripts) as Shell[]) writeFileSync(`${instance.home}/_galley.${shell}`, scripts[shell])
  assert.equal((await run(home, 'up', '-d')).code, 0)
})

after(() => instance.stop())

const begin: Readonly<Record<Shell, (file: string) => readonly [args: string[], line: string]>> = {
  bash: (file) => [['--norc', '--noprofile', '-i'], `PS1='REA''DY '; bind 'set enable-bracketed-paste off'; . ${file}`],
  zsh: (file) => [['-f', '-i'], `PS1='REA''DY '; unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; . ${file}`],
  fish: (file) => [['--no-config', '-i'], `function fish_prompt; echo 'REA''DY '; end; source ${file}`],
}

/** A shell on a terminal. */
class Session implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  #out = ''
  #line = 0

  constructor(shell: Shell) {
    const [args, first] = begin[shell](`${instance.home}/_galley.${shell}`)
    const env = {
      PATH: `${instance.home}/bin:${process.env['PATH'] ?? ''}`,
      HOME: instance.home,
      GALLEY_SOCKET: instance.socket,
      TERM: 'xterm',
    }
    const command = `stty cols 200; exec ${shell} ${args.join(' ')}`
    this.#child = spawn('script', ['-qec', command, '/dev/null'], { cwd: home, env, stdio: ['pipe', 'pipe', 'ignore'] })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#out += text))
    this.#child.stdin.write(`${first}\r`)
  }

  /** Resolves when it can be typed to. */
  async isReady(): Promise<void> {
    await instance.until(
      () => this.#out,
      (text) => text.includes('READY '),
    )
  }

  /** What it makes of a line when the tab key is pressed behind it, and nothing more is shown for some milliseconds. */
  async completed(line: string, patience: number): Promise<string> {
    await this.#silence(patience)
    this.#child.stdin.write(`${line}\t`)
    await this.#silence(patience)
    // Control-A goes to the line's beginning, Control-E to its end.
    const mark = `<${++this.#line}`
    this.#child.stdin.write(`\x01echo "${mark}" \x05 ">"\r`)
    const printed = new RegExp(`^${mark} (.*?) +>\r?$`, 'm')
    await instance.until(
      () => this.#out,
      (text) => printed.test(text),
    )
    return printed.exec(this.#out)?.[1] ?? ''
  }

  async #silence(patience: number): Promise<void> {
    for (let before = ''; before === '' || before !== this.#out;) {
      before = this.#out
      await sleep(systemClock, patience)
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

const cases: readonly (readonly [typed: string, made: string])[] = [
  ['galley log', 'galley logs'],
  ['galley logs da', 'galley logs database'],
  ['galley up --progress q', 'galley up --progress quiet'],
  ['galley ls --outp', 'galley ls --output'],
  ['galley compose -p complete exec w', 'galley compose -p complete exec web'],
  ['galley port web 8', 'galley port web 80'],
  ['galley scale da', 'galley scale database='],
  ['galley why complete-d', 'galley why complete-database-1'],
  ['galley explain untagged', 'galley explain untagged-image'],
  ['galley down -p com', 'galley down -p complete'],
  ['galley config -f file', 'galley config -f file-here'],
]

/** No shell tells that it has completed: on a busy machine the silence that tells it is a longer one. */
async function completed(session: Session, typed: string, wanted: string): Promise<string> {
  for (let patience = 700; ; patience *= 2) {
    const made = await session.completed(typed, patience)
    if (made === wanted || patience > 5000) return made
  }
}

describe('on a terminal', { concurrency: 3 }, () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const skip = existsSync(`/usr/bin/${shell}`) || existsSync(`/bin/${shell}`) ? false : `${shell} is not installed`
    test(`${shell} completes commands, options, and names that are there`, { skip }, async () => {
      using session = new Session(shell)
      await session.isReady()
      for (const [typed, made] of cases) assert.equal(await completed(session, typed, made), made)
    })
  }
})

test('nothing is said and nothing is started where no daemon runs or a file has mistakes', async () => {
  const words = async (line: string): Promise<string> => {
    const { code, out, err } = await instance.command(galley, ['completion', 'words', line], {
      cwd: home,
      env: { GALLEY_SOCKET: `${instance.home}/none.sock` },
    })
    assert.deepEqual([code, err], [0, ''])
    return out
  }
  assert.equal(await words('galley logs '), 'database\nweb\nextra\n')
  assert.equal(await words('galley ls -p '), '')
  assert.equal(await words('galley port web '), '')
  assert.equal(existsSync(`${instance.home}/none.sock`), false)
  writeFileSync(`${home}/broken.yaml`, 'services: {one: {image: $, nonsense: 1}, two: {depends_on: [none]}}')
  assert.equal(await words('galley up -f broken.yaml '), '')
})

test('install puts it in place for the three shells, over its own files only, and uninstall takes it away', () => {
  const prefix = `${instance.home}/local`
  mkdirSync(`${prefix}/share/zsh/site-functions`, { recursive: true })
  writeFileSync(`${prefix}/${placeOf.zsh}`, '#compdef galley of somebody else')
  placeCompletions(prefix)
  placeCompletions(prefix)
  assert.ok(existsSync(`${prefix}/${placeOf.bash}`) && existsSync(`${prefix}/${placeOf.fish}`))
  removeCompletions(prefix)
  assert.deepEqual(
    (['bash', 'zsh', 'fish'] as const).map((shell) => existsSync(`${prefix}/${placeOf[shell]}`)),
    [false, true, false],
  )
})
