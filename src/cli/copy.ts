import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GalleyError } from '#base/error.ts'
import { outputOf } from './child-output.ts'
import { ask, brokeOff, codeOf } from './connect.ts'

/** How files are copied. */
export interface Copying {
  /** With the numbers of owner and group that they have, instead of root's inside and the caller's here; or as those of the user whom the container runs as. */
  readonly owners: 'usual' | 'kept' | 'kept-inside' | 'container'
  /** Of a source that is a link, what it leads to. */
  readonly followsLinks: boolean
}

/** `SERVICE:PATH`; undefined for a path here, which may be written `./a:b`. */
export function placeOf(text: string): { readonly service: string; readonly path: string } | undefined {
  const [, service, path] = /^([a-zA-Z0-9][\w.-]*):(.*)$/s.exec(text) ?? []
  return service === undefined || path === undefined ? undefined : { service, path: posix.resolve('/', path) }
}

/** Throws what `copyOut` would for what is not there, and copies nothing. */
export async function checkCopyOut(container: string, path: string, { to }: { readonly to: string }): Promise<void> {
  checkReceiver(to)
  await checkInside(container, path)
}

/** Throws what `copyIn` would for what is not there, and copies nothing. */
export async function checkCopyIn(container: string, { from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  if (from !== '-') checkSource(from)
  if (await isDirectoryInside(container, to)) return
  if (from === '-') throw noDirectory(to)
  await checkInside(container, posix.dirname(to))
}

/** The engine's answer to such a request has no body to say it in. */
async function checkInside(container: string, path: string): Promise<void> {
  await ask(archivePath(container, path), { method: 'HEAD' }).catch((error: unknown) => {
    if (!(error instanceof GalleyError) || error.kind !== 'not found') throw error
    throw new GalleyError('not found', `there is no ${path} in the container`, { code: 'container.no-file', subject: path, cause: error })
  })
}

function checkReceiver(to: string): void {
  if (to !== '-' && !isDirectory(to) && !isDirectory(dirname(to))) throw absent(`there is no directory ${dirname(to)}`, dirname(to))
}

function checkSource(from: string): void {
  if (lstatSync(from, { throwIfNoEntry: false }) === undefined) throw absent(`there is no file ${from}`, from)
}

async function isDirectoryInside(container: string, path: string): Promise<boolean> {
  return await ask(archivePath(container, `${path}/.`), { method: 'HEAD' }).then(
    () => true,
    () => false,
  )
}

function noDirectory(path: string): GalleyError {
  return new GalleyError('invalid', `destination "${path}" must be a directory`, { code: 'cli.arguments', subject: path })
}

/** Copies a container's file or directory to a path here, or writes it as an archive where that is `-`. Throws `not found`, `unavailable`. */
export async function copyOut(
  container: string,
  path: string,
  { to, owners, followsLinks }: Copying & { readonly to: string },
): Promise<void> {
  const inside = isDirectory(to)
  checkReceiver(to)
  const source = followsLinks ? await followed(container, path) : path
  const response = await ask(archivePath(container, source))
  if (to === '-') return await pipeline(response, process.stdout, { end: false })
  // What a link leads to is called as the link is.
  const renamed =
    inside && source === path ? [] : ['--transform', transform(posix.basename(source), inside ? posix.basename(path) : basename(to))]
  const whose = owners === 'kept' ? ['--same-owner', '--numeric-owner'] : ['--no-same-owner']
  const tar = spawn('tar', ['-x', ...whose, '-C', inside ? to : dirname(to), ...renamed], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const [sent, unpacked] = await Promise.allSettled([pipeline(response, tar.stdin), ended(tar)])
  // A tar that has what it wants, or can't write, closes its end: what it says counts.
  if (sent.status === 'rejected' && !['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(codeOf(sent.reason))) throw brokeOff(sent.reason)
  if (unpacked.status === 'rejected') throw unpacked.reason
}

/** Copies a file or directory here, or an archive on standard input where that is `-`, into a container. Throws `not found`, `invalid`. */
export async function copyIn(
  container: string,
  { from, to, owners, followsLinks }: Copying & { readonly from: string; readonly to: string },
): Promise<void> {
  const intoDirectory = await isDirectoryInside(container, to)
  const upload = (directory: string): string => `${archivePath(container, directory)}${owners === 'container' ? '&copyUIDGID=1' : ''}`
  if (from === '-') {
    if (!intoDirectory) throw noDirectory(to)
    const response = await ask(upload(to), { method: 'PUT', upload: process.stdin })
    response.resume()
    return
  }
  checkSource(from)
  const source = followsLinks ? realpathSync(from) : from
  const [directory, name] = intoDirectory ? [to, basename(from)] : [posix.dirname(to), posix.basename(to)]
  const options = [
    '-C',
    dirname(source),
    ...(owners === 'usual' ? ['--owner=0', '--group=0'] : ['--numeric-owner']),
    '--transform',
    transform(basename(source), name),
    '-cf',
    '-',
    '--',
    basename(source),
  ]
  const tar = spawn('tar', options, { stdio: ['ignore', 'pipe', 'inherit'] })
  const sent = ask(upload(directory), { method: 'PUT', upload: outputOf(tar) })
  await Promise.all([sent, ended(tar)])
}

function archivePath(container: string, path: string): string {
  return `/containers/${container}/archive?path=${encodeURIComponent(path)}`
}

/** What a link in a container leads to, once, as docker compose follows it; the path itself when it is no link. */
async function followed(container: string, path: string): Promise<string> {
  const { headers } = await ask(archivePath(container, path), { method: 'HEAD' })
  const stat = JSON.parse(Buffer.from(String(headers['x-docker-container-path-stat']), 'base64').toString('utf8')) as { linkTarget: string }
  return stat.linkTarget === '' ? path : posix.resolve(posix.dirname(path), stat.linkTarget)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function absent(message: string, path: string): GalleyError {
  return new GalleyError('not found', message, { code: 'file.absent', subject: path })
}

/** Another first part of each name, and of no link's target. */
function transform(from: string, to: string): string {
  const [pattern, replacement] = [from.replaceAll(/[.[\]*^$\\,]/g, String.raw`\$&`), to.replaceAll(/[\\&,]/g, String.raw`\$&`)]
  return `s,^${pattern}\\(/\\|$\\),${replacement}\\1,rSH`
}

async function ended(child: ReturnType<typeof spawn>): Promise<void> {
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new GalleyError('conflict', `tar ended with exit code ${code}`)
}
