import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Architecture } from './architectures.ts'
import type { MachineImage } from './image.ts'

/** What was made on this machine before (stand-ins): the emulated one sees it read-only, under the tag `cache`. */
const cache = '/var/cache/galley'
/** An emulated processor needs a minute or two for what a real one does in seconds. */
const bootLimit = 15 * 60_000

/** An emulated machine that runs. What is written to its disk is gone with it. */
export class Machine implements AsyncDisposable {
  readonly #emulator: ChildProcess
  readonly #options: readonly string[]

  private constructor(emulator: ChildProcess, port: number, key: string) {
    this.#emulator = emulator
    const settings = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ConnectTimeout=10', 'ServerAliveInterval=60']
    this.#options = ['-q', '-p', String(port), '-i', key, ...settings.flatMap((setting) => ['-o', setting]), 'root@127.0.0.1']
  }

  /** Boots with a second disk, and waits until root can log in. `log` is the file that gets what the machine writes to its console. */
  static async boot(architecture: Architecture, image: MachineImage, { tree, log }: { tree: string; log: string }): Promise<Machine> {
    mkdirSync(cache, { recursive: true })
    const port = await freePort()
    const console = openSync(log, 'w')
    const emulator = spawn('nice', ['-n', '5', architecture.emulator, ...emulatorArguments(architecture, image, { tree, port })], {
      stdio: ['ignore', console, console],
    })
    closeSync(console)
    const machine = new Machine(emulator, port, image.key)
    await machine.awaitLogin(log)
    return machine
  }

  /** Waits until root can log in, also after a reboot. */
  async awaitLogin(log = 'its console'): Promise<void> {
    const end = Date.now() + bootLimit
    while (this.run('true', 'ignore') !== 0) {
      if (this.#emulator.exitCode !== null || Date.now() > end) throw new Error(`the machine doesn't come up; see ${log}`)
      await sleep(2000)
    }
  }

  /** Runs a line of shell as root; what it prints is printed here. Returns its exit code, 255 when the machine can't be reached. */
  run(line: string, output: 'inherit' | 'ignore' = 'inherit'): number {
    return spawnSync('ssh', [...this.#options, line], { stdio: ['ignore', output, output] }).status ?? 255
  }

  /** The command that reaches the machine, for other terminals. */
  get door(): string {
    return `ssh ${this.#options.join(' ')}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#emulator.exitCode !== null) return
    const ended = new Promise((resolve) => this.#emulator.once('exit', resolve))
    this.#emulator.kill('SIGTERM')
    await ended
  }
}

function emulatorArguments(architecture: Architecture, image: MachineImage, { tree, port }: { tree: string; port: number }): string[] {
  const options = {
    accel: process.env['GALLEY_MACHINE_ACCEL'] ?? 'tcg,thread=multi',
    smp: '2',
    m: process.env['GALLEY_MACHINE_MEMORY'] ?? '6G',
    kernel: image.kernel,
    initrd: image.initrd,
    append: `root=/dev/vda rw console=${architecture.console}`,
    drive: `file=${image.disk},if=virtio,format=raw,snapshot=on,cache=unsafe`,
    virtfs: `local,path=${cache},mount_tag=cache,security_model=none,readonly=on,multidevs=remap`,
    netdev: `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:22`,
    display: 'none',
    serial: 'stdio',
    monitor: 'none',
  }
  return [
    ...architecture.machine,
    ...Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]),
    '-device',
    'virtio-net-pci,netdev=net,romfile=',
    '-device',
    'virtio-rng-pci',
    '-drive',
    `file=${tree},if=virtio,format=raw,cache=unsafe`,
  ]
}

/** A port of loopback that nobody listens on; the emulator takes it a moment later. */
function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
