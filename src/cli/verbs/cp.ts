import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, statSync } from 'node:fs'
import { basename, dirname, posix, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { ask, brokeOff, codeOf } from '../connect.ts'
import { numberOf, parseOptions, projectOptions } from '../options.ts'
import { requiredName } from '../project.ts'
import { containerOf } from './containers.ts'

const syntax = {
  usage: 'cp SERVICE:PATH PATH|PATH SERVICE:PATH',
  does: "Copies files between a service's container and here. A directory that is there gets the copy inside. What is copied in is root's.",
  operands: 2,
  options: { ...projectOptions, index: { type: 'string', value: 'N', does: 'the container of this number' } },
} as const satisfies Syntax

export const cp: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const [from = '', to = ''] = positionals
    const [source, target] = [placeOf(from), placeOf(to)]
    if ((source === undefined) === (target === undefined))
      throw new GalleyError('invalid', 'galley cp takes one path in a service and one here', {
        code: 'cli.arguments',
        advice: 'galley cp web:/etc/hosts .',
      })
    numberOf(values.index, 'index')
    const project = await requiredName(values)
    const container = await containerOf(project, (source ?? target)?.service ?? '', values.index)
    if (source !== undefined) await copyOut(container.Id, source.path, resolve(to))
    else await copyIn(container.Id, resolve(from), target?.path ?? '/')
    return 0
  },
}

/** `SERVICE:PATH`; undefined for a path here, which may be written `./a:b`. */
function placeOf(text: string): { readonly service: string; readonly path: string } | undefined {
  const [, service, path] = /^([a-zA-Z0-9][\w.-]*):(.*)$/s.exec(text) ?? []
  return service === undefined || path === undefined ? undefined : { service, path: posix.resolve('/', path) }
}

async function copyOut(container: string, path: string, to: string): Promise<void> {
  const inside = isDirectory(to)
  if (!inside && !isDirectory(dirname(to))) throw absent(`there is no directory ${dirname(to)}`, dirname(to))
  const response = await ask(`/containers/${container}/archive?path=${encodeURIComponent(path)}`)
  const renamed = inside ? [] : ['--transform', transform(posix.basename(path), basename(to))]
  const tar = spawn('tar', ['-x', '--no-same-owner', '-C', inside ? to : dirname(to), ...renamed], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const [sent, unpacked] = await Promise.allSettled([pipeline(response, tar.stdin), ended(tar)])
  // A tar that has what it wants, or can't write, closes its end: what it says counts.
  if (sent.status === 'rejected' && !['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(codeOf(sent.reason))) throw brokeOff(sent.reason)
  if (unpacked.status === 'rejected') throw unpacked.reason
}

async function copyIn(container: string, from: string, to: string): Promise<void> {
  if (lstatSync(from, { throwIfNoEntry: false }) === undefined) throw absent(`there is no file ${from}`, from)
  const intoDirectory = await ask(`/containers/${container}/archive?path=${encodeURIComponent(`${to}/.`)}`, { method: 'HEAD' }).then(
    () => true,
    () => false,
  )
  const [directory, name] = intoDirectory ? [to, basename(from)] : [posix.dirname(to), posix.basename(to)]
  const options = [
    '-C',
    dirname(from),
    '--owner=0',
    '--group=0',
    '--transform',
    transform(basename(from), name),
    '-cf',
    '-',
    '--',
    basename(from),
  ]
  const tar = spawn('tar', options, { stdio: ['ignore', 'pipe', 'inherit'] })
  const sent = ask(`/containers/${container}/archive?path=${encodeURIComponent(directory)}`, { method: 'PUT', upload: tar.stdout })
  await Promise.all([sent, ended(tar)])
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
