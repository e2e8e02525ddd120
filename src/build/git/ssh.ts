import { createHash } from 'node:crypto'
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { AgentOpener } from '../request.ts'
import { forwardAgent } from '../solve/forward-agent.ts'

/** What a client gives for remotes that are reached by SSH. */
export interface SshOffer {
  /** Its agents, by name; undefined when it has none of the name. */
  readonly ssh: ((id: string) => Promise<AgentOpener | undefined>) | undefined
  /** Lines of the known_hosts format: when there are some, no other host is trusted than these and those that this machine knows. */
  readonly knownHosts: string | undefined
  /** Is told of hosts that were trusted without having been known. */
  readonly warn: (text: string) => void
}

/** Where a client's known hosts are found when nothing else names them. */
export const knownHostsSecret = 'GIT_KNOWN_HOSTS'

/** A way to remotes by SSH while it is not disposed. */
export interface SshWay extends Disposable {
  /** For git. */
  readonly environment: Readonly<Record<string, string>>
  /** Warns of hosts that were met for the first time. */
  tellNewHosts(): void
}

/**
 * Opens a way for git to a remote by SSH, with files in a directory that it makes. Only the client's agent signs: keys and settings of
 * this machine's own users stay out of it. Throws `not found` when the client has forwarded no agent.
 */
export async function openSsh(directory: string, remote: string, { ssh, knownHosts, warn }: SshOffer): Promise<SshWay> {
  const agent = await ssh?.('default')
  if (agent === undefined)
    throw new GalleyError('not found', `no SSH key "default" forwarded from the client, for ${remote}`, {
      code: 'build.git-ssh',
      subject: remote,
      advice: 'Give it with --ssh default.',
    })
  using held = new DisposableStack()
  mkdirSync(directory, { mode: 0o700 })
  writeFileSync(`${directory}/known_hosts`, knownHosts ?? '', { mode: 0o600 })
  held.use(await forwardAgent(`${directory}/agent`, agent))
  // The way through an open directory: a socket's address has 108 bytes at the most, and a path in an option no odd characters.
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  held.defer(() => closeSync(fd))
  const inside = `/proc/${process.pid}/fd/${fd}`
  const all = held.move()
  return {
    environment: { SSH_AUTH_SOCK: `${inside}/agent`, GIT_SSH_VARIANT: 'ssh', GIT_SSH_COMMAND: commandOf(inside, knownHosts !== undefined) },
    tellNewHosts: () => {
      const added = readFileSync(`${directory}/known_hosts`, 'utf8').slice(knownHosts?.length ?? 0)
      for (const line of added.split('\n').filter((text) => text !== '')) warn(newHost(line))
    },
    [Symbol.dispose]: () => all.dispose(),
  }
}

/** A host that nobody knows is trusted, as BuildKit does, which asks the host itself for its key; one with another key never. */
function commandOf(inside: string, strict: boolean): string {
  const options = {
    BatchMode: 'yes',
    StrictHostKeyChecking: strict ? 'yes' : 'accept-new',
    // ssh finds the other one by the user's entry in /etc/passwd, whatever HOME says.
    UserKnownHostsFile: `${inside}/known_hosts ~/.ssh/known_hosts`,
    HashKnownHosts: 'no',
    UpdateHostKeys: 'no',
    CheckHostIP: 'no',
    IdentityFile: 'none',
    PreferredAuthentications: 'publickey',
    ForwardAgent: 'no',
    PermitLocalCommand: 'no',
    ConnectTimeout: '30',
  }
  return ['ssh', '-F', '/dev/null', ...Object.entries(options).map(([name, value]) => `-o '${name}=${value}'`)].join(' ')
}

function newHost(line: string): string {
  const [host = '', kind = '', key = ''] = line.split(' ')
  const fingerprint = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')
  return `the SSH host ${host} was not known and is trusted all the same: ${kind} SHA256:${fingerprint}`
}

const silent =
  /^(|fatal: Could not read from remote repository\.|Please make sure you have the correct access rights|and the repository exists\.|Warning: Permanently added .*|@+)$/

/** The one line of what git and ssh said that tells why they failed. */
export function reasonIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim())
  const host = lines.find((line) => /^No \S+ host key is known for|^Host key for .* has changed/.test(line))
  return host ?? lines.filter((line) => !silent.test(line)).at(-1) ?? ''
}
