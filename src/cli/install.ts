import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { home } from '#base/home.ts'
import { defaults } from '#daemon/defaults.ts'
import { locate } from '#daemon/locate.ts'
import type { Command, Syntax } from './command.ts'
import { placeCompletions, removeCompletions } from './completion/place.ts'
import { startDaemon } from './daemon.ts'
import { needRoot } from './need-root.ts'
import { parseOptions } from './options.ts'
import { say } from './say.ts'

const launcher = fileURLToPath(new URL('galley', home))
const local = '/usr/local'
const command = `${local}/bin/galley`
const unit = '/etc/systemd/system/galley.service'
const { run: runDirectory, socket } = defaults
/** The machine's own instance, whatever GALLEY_SOCKET names. */
const machine = { run: runDirectory } as const
const dockerSocket = '/var/run/docker.sock'

/**
 * Galley starts and supervises its processes itself, so the unit starts it at boot and stops it before a shutdown: as a service's main
 * process, a daemon that the keeper has started again would count as dead. A stop kills nothing by itself (`KillMode`), nor does a
 * process that the kernel ended for want of memory (`OOMPolicy`), as the containers' keeper lives in the unit's control group.
 * Firewalls flush all rules when they start, so they start first.
 */
const unitText = `[Unit]
Description=Galley: containers, images and networks behind Docker's protocols
After=network-online.target nftables.service firewalld.service ufw.service apparmor.service
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${command} daemon start
ExecStop=${command} daemon stop
TimeoutStopSec=180
KillMode=process
OOMPolicy=continue
OOMScoreAdjust=-500
Delegate=yes
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`

const installSyntax = {
  usage: 'install',
  does: `Starts Galley at boot, and puts a galley command into the path, completion for bash, zsh and fish, a group, and a
context for the docker command.`,
  options: { 'docker-socket': { type: 'boolean', does: `answer at Docker's own path too: ${dockerSocket}` } },
} as const satisfies Syntax

export const install: Command = {
  syntax: installSyntax,
  async run(args) {
    const { values } = parseOptions(args, installSyntax)
    needRoot('galley install')
    linkCommand()
    placeCompletions(local)
    if (!run('getent', 'group', 'galley')) run('groupadd', '--system', 'galley')
    say('the group galley may use the socket; that equals root, so add only whom you trust with root: usermod -aG galley NAME')
    const code = await startAtBoot()
    if (values['docker-socket'] === true) linkDockerSocket()
    if (run('docker', 'context', 'create', 'galley', '--docker', `host=unix://${socket}`))
      say('docker context use galley  points the docker command here')
    return code
  },
}

const uninstallSyntax = {
  usage: 'uninstall',
  does: 'Takes back what galley install did. Images, containers and volumes stay, unless --purge is given.',
  options: { purge: { type: 'boolean', does: 'delete images, containers and volumes, with all their data' } },
} as const satisfies Syntax

export const uninstall: Command = {
  syntax: uninstallSyntax,
  async run(args) {
    const { values } = parseOptions(args, uninstallSyntax)
    needRoot('galley uninstall')
    removeUnit()
    removeCompletions(local)
    const config = locate(machine, {})
    const { uninstall: endAll } = await import('#daemon/uninstall.ts')
    await endAll(config, (line) => say(line))
    if (linkTarget(dockerSocket) === socket) unlinkSync(dockerSocket)
    if (linkTarget(command) === launcher) unlinkSync(command)
    run('docker', 'context', 'rm', '-f', 'galley')
    if (values.purge === true) {
      const { purge } = await import('#daemon/purge.ts')
      await purge(config)
      say('images, containers and volumes are deleted')
    } else say(`images, containers and volumes stay in ${config.data}; galley uninstall --purge deletes them`)
    return 0
  },
}

function removeUnit(): void {
  if (!existsSync(unit)) return
  run('systemctl', 'disable', '--now', 'galley.service')
  unlinkSync(unit)
  run('systemctl', 'daemon-reload')
  run('systemctl', 'reset-failed', 'galley.service')
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
    return startDaemon(machine)
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
