import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { sleep, systemClock } from '#base/clock.ts'
import { configOf } from '#daemon/config.ts'
import { Recorder } from './recorder.ts'

export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** What a command is given beside its arguments. */
export interface Given {
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Milliseconds. */
  readonly timeout?: number
  /** Kills it. */
  readonly signal?: AbortSignal
}

/** How many times slower than a usual machine this one is: an emulated one (test/machine) says so. Limits of time grow with it. */
const slowness = Number(process.env['GALLEY_TEST_SLOWNESS'] ?? 1)

/** Milliseconds that are never waited for where all is well, however busy the machine is: what is waited for ends the wait. */
const patience = { command: 120_000, until: 120_000, fetched: 60_000, each: 50 } as const

/** A file for the operations that clients use (test/recorder.ts). */
const recording = process.env['GALLEY_TEST_RECORD']

const applets =
  'sh cat echo stty true false sleep httpd wget id hostname mkdir touch ls tail grep tty dd kill ps nc nslookup stat mount chmod chown ln rm cp mv env head wc ip ping sort printf test seq date pwd readlink tee cut tr find nproc yes sync du udhcpc'

/** An instance of Galley of its own for one test file: own directories, addresses, bridges and rules. */
export class Instance {
  readonly home = mkdtempSync(`${tmpdir()}/galley-test-`)
  readonly run = `${this.home}/run`
  readonly data = `${this.home}/data`
  readonly socket = `${this.run}/docker.sock`
  readonly options: readonly string[]
  /** Where clients connect: the daemon's socket, or that of a recorder before it. */
  readonly door: string
  readonly #launcher: string
  readonly #recorder: Recorder | undefined

  constructor(options: readonly string[] = [], launcher = './galley') {
    this.#launcher = launcher
    this.door = recording === undefined ? this.socket : `${this.home}/recorded.sock`
    this.#recorder = recording === undefined ? undefined : new Recorder(this.door, this.socket, recording)
    const pool = `10.${64 + (process.pid % 128)}.0.0/16`
    this.options = ['--data', this.data, '--run', this.run, '--pool', pool, ...options]
  }

  async start(): Promise<void> {
    const { code, err } = await this.galley('daemon', 'start', ...this.options)
    assert.equal(code, 0, err)
  }

  /** Removes every container and all traces, and fails when something is left over. */
  async stop(): Promise<void> {
    const { out } = await this.docker('ps', '-aq')
    const ids = out.split('\n').filter((id) => id !== '')
    if (ids.length > 0) await this.docker('rm', '-f', '-v', ...ids)
    await this.uninstall()
  }

  /** As it is, with what runs in it; fails when something is left over. `disk` is what its data lie on, where it has one of its own. */
  async uninstall(disk?: Disposable): Promise<void> {
    const { code, err } = await this.galley('daemon', 'uninstall', ...this.options)
    disk?.[Symbol.dispose]()
    assert.equal(code, 0, err)
    this.#recorder?.close()
    await this.leavesNothing()
    this.forget()
  }

  /** SIGKILL for the daemon; keeper and containers stay. Returns its number. */
  killDaemon(): number {
    const pid = this.daemonPid()
    assert.ok(pid > 0, 'a daemon is starting')
    process.kill(pid, 'SIGKILL')
    return pid
  }

  /** 0 in the moment when a daemon that starts has the file, and has not written its number yet. */
  daemonPid(): number {
    return Number(readFileSync(`${this.run}/daemon.pid`, 'utf8'))
  }

  /** As `daemonPid`. */
  keeperPid(): number {
    return Number(readFileSync(`${this.run}/keeper.pid`, 'utf8'))
  }

  /** Resolves when a daemon answers that is not process `before`. */
  async anotherDaemon(before: number): Promise<void> {
    await this.until(
      () => this.docker('version'),
      ({ code }) => code === 0 && ![0, before].includes(this.daemonPid()),
    )
  }

  galley(...args: string[]): Promise<Outcome> {
    return this.command(this.#launcher, args)
  }

  readonly docker = (...args: string[]): Promise<Outcome> => this.command('docker', args)

  /** As `docker`, but a failure fails the test; resolves with what was printed, trimmed. */
  readonly ok = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await this.docker(...args)
    assert.equal(code, 0, `docker ${args.join(' ')}\n${err}`)
    return out.trim()
  }

  /** Asynchronous, so that tests may talk to what they run. */
  readonly command = (
    program: string,
    args: readonly string[],
    { input = '', env = {}, cwd, timeout = patience.command, signal }: Given = {},
  ): Promise<Outcome> => {
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: this.home, DOCKER_HOST: `unix://${this.door}`, GALLEY_SOCKET: this.socket, ...env },
      timeout: timeout * slowness,
      killSignal: 'SIGKILL',
      ...(cwd !== undefined && { cwd }),
      ...(signal !== undefined && { signal }),
    })
    // A child that was aborted ends like any other.
    child.on('error', (error) => assert.equal(error.name, 'AbortError', String(error)))
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
  }

  /** Imports the image `box`. */
  async importBox(): Promise<void> {
    this.makeBox()
    await this.ok('import', `${this.home}/rootfs.tar`, 'box')
  }

  /** Packs a small root file system around Debian's static busybox into `rootfs.tar`. */
  makeBox(): void {
    const rootfs = `${this.home}/rootfs`
    for (const name of ['bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev', 'data']) mkdirSync(`${rootfs}/${name}`, { recursive: true })
    cpSync('/usr/bin/busybox', `${rootfs}/bin/busybox`)
    for (const applet of applets.split(' ')) symlinkSync('busybox', `${rootfs}/bin/${applet}`)
    writeFileSync(`${rootfs}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\noperator:x:37:37::/:/bin/sh\n')
    writeFileSync(`${rootfs}/etc/group`, 'root:x:0:\noperator:x:37:\nextra:x:99:operator\n')
    writeFileSync(`${rootfs}/data/seed`, 'from the image\n')
    spawnSync('tar', ['-C', rootfs, '-cf', `${this.home}/rootfs.tar`, '.'])
  }

  /** Deletes the directories of an instance of which nothing runs. */
  forget(): void {
    rmSync(this.home, { recursive: true, force: true })
  }

  /** Waits for what a container or daemon will do soon; fails with the last value after two minutes. */
  async until<T>(what: () => T | Promise<T>, wanted: (value: T) => boolean): Promise<T> {
    const end = systemClock.now() + patience.until * slowness
    let value = await what()
    while (!wanted(value)) {
      assert.ok(systemClock.now() < end, `still ${JSON.stringify(value)}`)
      await sleep(systemClock, patience.each)
      value = await what()
    }
    return value
  }

  /** The body of an HTTP answer; a server needs a moment to listen. */
  readonly fetched = async (url: string): Promise<string> => {
    const end = systemClock.now() + patience.fetched * slowness
    for (;;) {
      try {
        return await (await fetch(url, { headers: { connection: 'close' } })).text()
      } catch (error) {
        if (systemClock.now() > end) throw error
        await sleep(systemClock, patience.each)
      }
    }
  }

  /** Fails when something of the instance runs, is mounted, or is in the kernel under its name. */
  async leavesNothing(): Promise<void> {
    const left = (): string[] => [...this.mounts(), ...this.processes()]
    await this.until(left, (found) => found.length === 0)
    assert.deepEqual(tracesOf(configOf({ run: this.run }).instance), [])
  }

  /** What is mounted in the instance's directories. */
  mounts(): string[] {
    return readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(this.home))
  }

  /** The command lines of all that runs of the instance. */
  processes(): string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .map((pid) => (existsSync(`/proc/${pid}/cmdline`) ? commandLine(pid) : ''))
      .filter((line) => line.includes(this.home))
  }
}

/** Bridges, tables, rules in other firewalls, and control groups of an instance: what is in the kernel under its name. */
function tracesOf(instance: string): string[] {
  const lines = (program: string, ...args: string[]): string[] => (spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '').split('\n')
  const groups = readdirSync('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}/galley-${instance}`)
  return [
    ...lines('ip', '-o', 'link').filter((line) => line.includes(`galley:${instance}`)),
    ...lines('nft', 'list', 'ruleset').filter((line) => line.includes(`galley_${instance} {`) || line.includes(`galley:${instance}"`)),
    ...[...groups, `/sys/fs/cgroup/galley-${instance}`, `/sys/fs/cgroup/galley-${instance}-keeper`].filter((path) => existsSync(path)),
  ]
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
