import { createReadStream, createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from './command.ts'
import { ask, askJson } from './connect.ts'
import { jsonLines } from './lines.ts'
import { parseOptions } from './options.ts'
import { follow, progressOptions } from './progress.ts'
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
    if (positionals[0] === 'load') return await load(positionals.slice(1))
    const names = await askJson<string[]>(`${catalogue}/names`, { method: 'POST', body: { names: positionals } })
    const before = await here()
    const code = await follow(await ask(`${catalogue}/make`, { method: 'POST', body: { names } }), { ...values, interrupted })
    const after = await here()
    const made = names.filter((name) => after.has(name))
    if (made.length === 0) throw new GalleyError('unavailable', 'none of the images could be made, so there is nothing to bundle')
    const file = values.output ?? 'galley-images.tar'
    await write(made, file)
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
async function write(names: readonly string[], file: string): Promise<void> {
  const arriving = `${file}.part`
  const archive = await ask(`${catalogue}/archive`, { method: 'POST', body: { names } })
  if (file.endsWith('.gz')) await pipeline(archive, createGzip(), createWriteStream(arriving))
  else await pipeline(archive, createWriteStream(arriving))
  renameSync(arriving, file)
}

async function load([file, ...surplus]: readonly string[]): Promise<number> {
  if (file === undefined || surplus.length > 0)
    throw new GalleyError('invalid', 'galley bundle load takes one file', { code: 'cli.arguments' })
  if (!existsSync(file)) throw new GalleyError('not found', `there is no file ${file}`, { code: 'file.absent', subject: file })
  const answer = await ask('/images/load', { method: 'POST', upload: createReadStream(file) })
  let failed: string | undefined
  for await (const { stream, error } of jsonLines<{ stream?: string; error?: string }>(answer)) {
    if (stream !== undefined) process.stdout.write(stream)
    failed ??= error
  }
  if (failed !== undefined) throw new GalleyError('invalid', `${file}: ${failed}`, { subject: file })
  return 0
}
