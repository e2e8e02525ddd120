import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { sleep, systemClock } from '#base/clock.ts'

const program = '/usr/sbin/sshd'

/** Why there is no SSH server for a test; false when there is one. */
export const withoutSsh =
  existsSync(program) && existsSync('/usr/bin/ssh') && existsSync('/usr/bin/git')
    ? false
    : 'openssh-server, openssh-client or git is not installed'

/** OpenSSH's server for a test, on an address of the loopback network, with a user `git` that only it knows. */
export class SshServer implements Disposable {
  readonly host: string
  readonly port: number
  readonly #home: string
  readonly #child
  #said = ''

  /** Knows the public key in `<home>/key.pub`. */
  constructor(home: string, { host, port }: { readonly host: string; readonly port: number }) {
    this.host = host
    this.port = port
    this.#home = `${home}/sshd-${port}`
    mkdirSync(this.#home)
    this.newHostKey()
    writeFileSync(`${this.#home}/passwd`, `${readFileSync('/etc/passwd', 'utf8')}git:x:0:0::${home}:/bin/sh\n`)
    const settings = {
      ListenAddress: `${host}:${port}`,
      HostKey: `${this.#home}/host`,
      AuthorizedKeysFile: `${home}/key.pub`,
      PermitRootLogin: 'prohibit-password',
      PasswordAuthentication: 'no',
      KbdInteractiveAuthentication: 'no',
      StrictModes: 'no',
      UsePAM: 'no',
      PidFile: 'none',
    }
    writeFileSync(
      `${this.#home}/config`,
      Object.entries(settings)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(''),
    )
    // In a mount namespace of its own: the user, and the directory that it wants below /run, are no business of the machine.
    const script = `mount --bind ${this.#home}/passwd /etc/passwd && mount -t tmpfs none /run && mkdir /run/sshd && exec ${program} -D -e -f ${this.#home}/config`
    this.#child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
  }

  /** Whether it listens, which it says itself: another one may have the port, and then it ends. */
  async listens(): Promise<boolean> {
    const isListening = (): boolean => this.#said.includes(`Server listening on ${this.host} port ${this.port}`)
    while (!isListening() && this.#child.exitCode === null) await sleep(systemClock, 50)
    return isListening()
  }

  /** A server that runs reads it for each connection. */
  newHostKey(): void {
    spawnSync('sh', ['-c', `rm -f ${this.#home}/host*; ssh-keygen -q -t ed25519 -N '' -f ${this.#home}/host`])
  }

  /** As known_hosts has it. */
  get hostKey(): string {
    const name = this.port === 22 ? this.host : `[${this.host}]:${this.port}`
    return `${name} ${readFileSync(`${this.#home}/host.pub`, 'utf8')}`
  }

  [Symbol.dispose](): void {
    this.#child.kill()
  }
}
