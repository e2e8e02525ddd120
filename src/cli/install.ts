import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { daemon } from './daemon.ts'

const launcher = fileURLToPath(new URL('../../galley', import.meta.url))
const command = '/usr/local/bin/galley'
const unit = '/etc/systemd/system/galley.service'
const runDirectory = '/run/galley'
const socket = `${runDirectory}/docker.sock`
const dockerSocket = '/var/run/docker.sock'

/**
 * Galley starts and supervises its processes itself, so the unit only starts it at boot: systemd would kill the containers' keeper
 * with the daemon, and mistake a daemon that the keeper has started again for a dead one.
 */
const unitText = `[Unit]
Description=Galley: containers, images and networks behind Docker's protocols
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${command} daemon start
ExecStop=${command} daemon stop
KillMode=none
Delegate=yes
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`

/** `galley install [--docker-socket]`: a command in the path, a group, a unit, and a context for the docker command. */
export async function install(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { 'docker-socket': { type: 'boolean' } } })
  linkCommand()
  if (!run('getent', 'group', 'galley')) run('groupadd', '--system', 'galley')
  say('the group galley may use the socket; that equals root, so add only whom you trust with root: usermod -aG galley NAME')
  const code = await startAtBoot()
  if (values['docker-socket'] === true) linkDockerSocket()
  if (run('docker', 'context', 'create', 'galley', '--docker', `host=unix://${socket}`))
    say('docker context use galley  points the docker command here')
  return code
}

/** `galley uninstall [--purge]`: takes back what install did; images, containers and volumes stay unless `--purge`. */
export async function uninstall(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { purge: { type: 'boolean' } } })
  if (existsSync(unit)) {
    run('systemctl', 'disable', 'galley.service')
    unlinkSync(unit)
    run('systemctl', 'daemon-reload')
  }
  const code = await daemon(['uninstall', '--run', runDirectory])
  for (const [link, target] of [
    [dockerSocket, socket],
    [command, launcher],
  ] as const)
    if (linkTarget(link) === target) unlinkSync(link)
  run('docker', 'context', 'rm', '-f', 'galley')
  if (values.purge === true) {
    const [{ purge }, { locate }] = await Promise.all([import('#daemon/purge.ts'), import('#daemon/locate.ts')])
    await purge(locate(['--run', runDirectory], {}))
    say('images, containers and volumes are deleted')
  } else say('images, containers and volumes stay in /var/lib/galley; galley uninstall --purge deletes them')
  return code
}

function linkCommand(): void {
  if (linkTarget(command) === launcher || launcher.startsWith('/usr/')) return
  if (existsSync(command)) {
    say(`${command} is another program; it is left alone`)
    return
  }
  mkdirSync('/usr/local/bin', { recursive: true })
  symlinkSync(launcher, command)
  say(`${command} starts Galley`)
}

async function startAtBoot(): Promise<number> {
  if (!existsSync('/run/systemd/system')) {
    say('systemd does not run here: galley starts with the first command that needs it')
    return daemon(['start', '--run', runDirectory])
  }
  writeFileSync(unit, unitText)
  run('systemctl', 'daemon-reload')
  const started = run('systemctl', 'enable', '--now', 'galley.service')
  say(started ? 'systemd starts Galley at boot' : 'systemctl enable --now galley.service failed; journalctl -u galley.service tells why')
  return started ? 0 : 1
}

/** Traefik, Portainer and Testcontainers' Ryuk mount Docker's own path. */
function linkDockerSocket(): void {
  if (linkTarget(dockerSocket) === socket) return
  if (existsSync(dockerSocket) || linkTarget(dockerSocket) !== undefined) {
    say(`${dockerSocket} is there already, Docker's own perhaps; it is left alone`)
    return
  }
  symlinkSync(socket, dockerSocket)
  say(`${dockerSocket} leads to Galley until the next boot empties /run`)
}

function linkTarget(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined
}

/** Whether the program is there and succeeds. */
function run(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
