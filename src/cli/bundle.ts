import { createReadStream, createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from './command.ts'
import { ask, askJson } from './connect.ts'
import { jsonLines } from './lines.ts'
import { parseOptions } from './options.ts'
import { follow, onInterrupt, progressFor, progressOptions, type ProgressWishes } from './progress.ts'
import { say } from './say.ts'

const catalogue = '/galley/v1/catalogue'

const syntax = {
  usage: 'bundle [NAME…]',
  does: `Makes images of the catalogue, all of them or those named, and puts them into one file for machines that reach neither a registry
nor Debian's packages. A name without a tag stands for all tags of it. There: galley bundle load FILE, or docker load.
Exit code 1 when one of them could not be made: the others are in the file.

  load FILE       bring the images of such a file here`,
  operands: Number.POSITIVE_INFINITY,
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', does: 'the file (galley-images.tar); compressed when it ends in .gz' },
    ...progressOptions,
  },
} as const satisfies Syntax

const interrupted = 'no file was written. What was made stays, and the next call goes on from there.'

export const bundle: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    if (positionals[0] === 'load') return await load(positionals.slice(1), values)
    const names = await askJson<string[]>(`${catalogue}/names`, { method: 'POST', body: { names: positionals } })
    const before = await here()
    const code = await follow(await ask(`${catalogue}/make`, { method: 'POST', body: { names } }), { ...values, interrupted })
    const after = await here()
    const made = names.filter((name) => after.has(name))
    if (made.length === 0) throw new GalleyError('unavailable', 'none of the images could be made, so there is nothing to bundle')
    const file = values.output ?? 'galley-images.tar'
    await write(made, file, values)
    say(`${made.length} images in ${file}, ${Math.ceil(statSync(file).size / 1e6)} MB`)
    // Their parts stay, so that the next bundle is there at once.
    for (const name of made.filter((one) => !before.has(one))) await ask(`/images/${name}`, { method: 'DELETE' })
    return code
  },
}

/** Names of images with their tags. */
async function here(): Promise<ReadonlySet<string>> {
  const images = await askJson<{ RepoTags: readonly string[] | null }[]>('/images/json')
  return new Set(images.flatMap(({ RepoTags }) => RepoTags ?? []))
}

/** Under its name only when it is whole. */
async function write(names: readonly string[], file: string, wishes: ProgressWishes): Promise<void> {
  const step = { type: 'step', id: file, subject: `File ${file}` } as const
  using progress = progressFor(process.stderr, wishes)
  using _interrupt = onInterrupt(progress, interrupted)
  progress.draw({ ...step, status: 'Writing', state: 'working' })
  const arriving = `${file}.part`
  const archive = await ask(`${catalogue}/archive`, { method: 'POST', body: { names } })
  if (file.endsWith('.gz')) await pipeline(archive, createGzip(), createWriteStream(arriving))
  else await pipeline(archive, createWriteStream(arriving))
  renameSync(arriving, file)
  progress.draw({ ...step, status: 'Written', state: 'done' })
}

async function load([file, ...surplus]: readonly string[], wishes: ProgressWishes): Promise<number> {
  if (file === undefined || surplus.length > 0)
    throw new GalleyError('invalid', 'galley bundle load takes one file', { code: 'cli.arguments' })
  if (!existsSync(file)) throw new GalleyError('not found', `there is no file ${file}`, { code: 'file.absent', subject: file })
  const answer = await uploaded(file, wishes)
  let failed: string | undefined
  for await (const { stream, error } of jsonLines<{ stream?: string; error?: string }>(answer)) {
    if (stream !== undefined) process.stdout.write(stream)
    failed ??= error
  }
  if (failed !== undefined) throw new GalleyError('invalid', `${file}: ${failed}`, { subject: file })
  return 0
}

/** Sends the file, telling how much of it is there; resolves with the answer once all of it was taken. */
async function uploaded(file: string, wishes: ProgressWishes): Promise<IncomingMessage> {
  const step = { type: 'step', id: file, subject: `File ${file}` } as const
  using progress = progressFor(process.stderr, wishes)
  using _interrupt = onInterrupt(progress, 'nothing of the file is named yet; loading it again begins anew.')
  const { size: total } = statSync(file)
  progress.draw({ ...step, status: 'Loading', state: 'working' })
  const upload = counted(createReadStream(file), total / 1000, (current) =>
    progress.draw({ ...step, status: 'Loading', state: 'working', amount: { current, total } }),
  )
  const answer = await ask('/images/load', { method: 'POST', upload: Readable.from(upload) })
  progress.draw({ ...step, status: 'Loaded', state: 'done' })
  return answer
}

/** Passes a stream on, and tells how many bytes that were, each time that it was another `part` of them. */
async function* counted(stream: Readable, part: number, tell: (bytes: number) => void): AsyncGenerator<Buffer> {
  let [current, told] = [0, 0]
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    current += chunk.length
    if (current - told >= part) tell((told = current))
    yield chunk
  }
}
