import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { GalleyError } from '#base/error.ts'
import { parseImageReference } from '#base/image-reference.ts'
import type { Command, Syntax } from '../command.ts'
import { ask, askJson, brokeOff, codeOf } from '../connect.ts'
import { dryRunOption, dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { parseOptions, projectOptions, withoutLetters } from '../options.ts'
import { requiredName } from '../project.ts'
import { say } from '../say.ts'
import { containerOf, nameOf } from './containers.ts'

const index = { type: 'string', value: 'N', does: 'the container of this number' } as const

const exportSyntax = {
  usage: 'export SERVICE',
  does: "Writes the file system of a service's container as a tar archive.",
  operands: 1,
  options: { ...projectOptions, ...dryRunOption, index, output: { type: 'string', short: 'o', value: 'FILE', does: 'write it there' } },
} as const satisfies Syntax

export const exportFiles: Command = {
  syntax: exportSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, exportSyntax)
    const [service] = positionals
    if (service === undefined) throw new GalleyError('invalid', 'galley export takes a service', { code: 'cli.arguments' })
    const isTold = values['dry-run'] === true
    if (values.output === undefined && process.stdout.isTTY && !isTold)
      throw new GalleyError('invalid', 'an archive is nothing for a terminal', {
        code: 'cli.arguments',
        advice: 'Write it into a file: -o FILE.',
      })
    const row = await containerOf(await requiredName(values), service, values)
    if (isTold) {
      const target = values.output === undefined ? 'export' : `export to ${values.output}`
      await tellRehearsal([planned(`Container ${nameOf(row)}`, target)], {})
      return 0
    }
    const response = await ask(`/containers/${row.Id}/export`)
    const target = values.output === undefined ? process.stdout : createWriteStream(values.output)
    await pipeline(response, target).catch((error: unknown) => {
      throw codeOf(error) === 'ERR_STREAM_PREMATURE_CLOSE' || codeOf(error) === 'ECONNRESET' ? brokeOff(error) : error
    })
    return 0
  },
}

const commitSyntax = {
  usage: 'commit SERVICE [NAME[:TAG]]',
  does: "Makes an image of a service's container, with what changed in its files.",
  operands: 2,
  options: {
    ...withoutLetters(projectOptions, 'p'),
    author: { type: 'string', short: 'a', value: 'NAME', does: 'who made it' },
    change: { type: 'string', short: 'c', multiple: true, value: 'INSTRUCTION', does: 'of a Dockerfile, for its configuration' },
    ...dryRunOptions,
    index,
    message: { type: 'string', short: 'm', value: 'TEXT', does: 'what was changed' },
    'no-pause': { type: 'boolean', does: 'let it go on meanwhile; its files may then not fit each other' },
    pause: { type: 'boolean', short: 'p', default: true, does: 'the same as docker compose has it: --pause=false' },
  },
} as const satisfies Syntax

export const commit: Command = {
  syntax: commitSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, commitSyntax)
    const [service, name] = positionals
    if (service === undefined) throw new GalleyError('invalid', 'galley commit takes a service', { code: 'cli.arguments' })
    const row = await containerOf(await requiredName(values), service, values)
    if (isRehearsal(values)) {
      await tellRehearsal([planned(`Container ${nameOf(row)}`, name === undefined ? 'commit' : `commit as ${name}`)], values)
      return 0
    }
    const query = new URLSearchParams([
      ['container', row.Id],
      ...(name === undefined ? [] : repositoryAndTag(name)),
      ['author', values.author ?? ''],
      ['comment', values.message ?? ''],
      ['pause', values['no-pause'] === true || !values.pause ? '0' : '1'],
      ...(values.change ?? []).map((change) => ['changes', change]),
    ])
    const { Id } = await askJson<{ Id: string }>(`/commit?${query}`, { method: 'POST', body: {} })
    say(`Container ${nameOf(row)}  Committed as ${name === undefined ? Id : `${name} (${Id})`}`)
    return 0
  },
}

/** As the API takes them. Throws `invalid`. */
function repositoryAndTag(name: string): [string, string][] {
  const { tag = '' } = parseImageReference(name)
  return [
    ['repo', tag === '' ? name : name.slice(0, -tag.length - 1)],
    ['tag', tag],
  ]
}
