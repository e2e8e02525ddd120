import {
  chmodSync,
  copyFileSync,
  createWriteStream,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { GalleyError } from '#base/error.ts'
import { packTree } from '#content/layers/pack.ts'
import { run } from '#host/process/run.ts'
import type { Made } from './make-layer.ts'

export const installedBusybox = '/usr/bin/busybox'

/** Directories with modes, as the image of that name has them. */
const directories: Readonly<Record<string, number>> = {
  bin: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  lib: 0o755,
  root: 0o700,
  tmp: 0o1777,
  usr: 0o755,
  'usr/bin': 0o755,
  'usr/sbin': 0o755,
  var: 0o755,
  'var/spool': 0o755,
  'var/spool/mail': 0o755,
  'var/www': 0o755,
}

/** Name, uid and gid, home, shell. */
const users: readonly (readonly [string, number, string, string])[] = [
  ['root', 0, '/root', '/bin/sh'],
  ['daemon', 1, '/usr/sbin', '/bin/false'],
  ['bin', 2, '/bin', '/bin/false'],
  ['sys', 3, '/dev', '/bin/false'],
  ['mail', 8, '/var/spool/mail', '/bin/false'],
  ['www-data', 33, '/var/www', '/bin/false'],
  ['operator', 37, '/var', '/bin/false'],
  ['nobody', 65534, '/home', '/bin/false'],
]

const groups: readonly (readonly [string, number])[] = [
  ...users.map(([name, id]) => [name, id] as const),
  ['adm', 4],
  ['tty', 5],
  ['disk', 6],
  ['wheel', 10],
  ['audio', 29],
  ['utmp', 43],
  ['video', 44],
  ['users', 100],
]

/** A root file system around a static BusyBox: each applet by name in /bin. Throws `unavailable`. */
export async function makeBusybox(program: string, work: string): Promise<Made> {
  if (!existsSync(program))
    throw new GalleyError('unavailable', 'making the busybox image needs a static BusyBox', { advice: 'apt-get install busybox-static' })
  const root = `${work}/root`
  for (const [path, mode] of Object.entries(directories)) {
    mkdirSync(`${root}/${path}`, { recursive: true })
    chmodSync(`${root}/${path}`, mode)
  }
  await addApplets(program, root)
  writeTables(root)
  makeAsOldAs(statSync(program).mtimeMs / 1000, root)
  const file = `${work}/layer.tar.gz`
  await pipeline(Readable.from(packTree(root)), createGzip({ level: 1 }), createWriteStream(file))
  return { file, versions: { 'busybox-static': await versionOf(program) } }
}

async function addApplets(program: string, root: string): Promise<void> {
  const { stdout } = await run(program, ['--list'])
  copyFileSync(program, `${root}/bin/busybox`)
  chmodSync(`${root}/bin/busybox`, 0o755)
  for (const applet of stdout.split('\n'))
    if (applet !== '' && applet !== 'busybox') linkSync(`${root}/bin/busybox`, `${root}/bin/${applet}`)
  // Scripts begin with this path.
  symlinkSync('../../bin/env', `${root}/usr/bin/env`)
}

function writeTables(root: string): void {
  const write = (name: string, lines: readonly string[], mode = 0o644): void =>
    writeFileSync(`${root}/etc/${name}`, lines.map((line) => `${line}\n`).join(''), { mode })
  write(
    'passwd',
    users.map(([name, id, home, shell]) => `${name}:x:${id}:${id}:${name}:${home}:${shell}`),
  )
  write(
    'group',
    groups.map(([name, id]) => `${name}:x:${id}:`),
  )
  write(
    'shadow',
    users.map(([name]) => `${name}:${name === 'root' ? '' : '*'}:10933:0:99999:7:::`),
    0o640,
  )
  write('nsswitch.conf', ['hosts: files dns'])
}

function makeAsOldAs(time: number, path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    for (const name of readdirSync(path)) makeAsOldAs(time, `${path}/${name}`)
  lutimesSync(path, time, time)
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(program, [])
  return /^BusyBox v([\d.]+)/.exec(stdout)?.[1] ?? ''
}
