import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { askJson } from '../connect.ts'
import { dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { passSignals } from '../pass-signals.ts'
import { requiredName } from '../project.ts'
import { joinStream, openStream } from '../streams.ts'
import { containerOf, nameOf } from './containers.ts'

const syntax = {
  usage: 'attach SERVICE',
  does: "Joins this terminal, or input and outputs, with a service's running container until it ends; exits with its exit code.",
  operands: 1,
  options: {
    ...projectOptions,
    'detach-keys': { type: 'string', value: 'KEYS', does: 'leave it with these keys (ctrl-p,ctrl-q)' },
    ...dryRunOptions,
    index: { type: 'string', value: 'N', does: 'the container of this number' },
    'no-stdin': { type: 'boolean', does: 'only read along' },
    'sig-proxy': { type: 'boolean', default: true, does: 'signals to this command go on to the container, unless it is --sig-proxy=false' },
  },
} as const satisfies Syntax

export const attach: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const [service] = positionals
    if (service === undefined) throw new GalleyError('invalid', 'galley attach takes a service', { code: 'cli.arguments' })
    const row = await containerOf(await requiredName(values), service, values)
    if (row.State !== 'running')
      throw new GalleyError('conflict', `container ${nameOf(row)} does not run: there is nothing to attach to`, {
        code: 'container.not-running',
        subject: nameOf(row),
      })
    if (isRehearsal(values)) {
      await tellRehearsal([planned(`Container ${nameOf(row)}`, 'attach')], values)
      return 0
    }
    const { Config } = await askJson<{ Config: { Tty: boolean; OpenStdin: boolean } }>(`/containers/${row.Id}/json`)
    const input = Config.OpenStdin && values['no-stdin'] !== true
    const keys = values['detach-keys'] === undefined ? '' : `&detachKeys=${encodeURIComponent(values['detach-keys'])}`
    using _signals = values['sig-proxy'] ? passSignals(row.Id) : undefined
    const stream = await openStream(`/containers/${row.Id}/attach?stream=1&stdout=1&stderr=1&stdin=${input ? 1 : 0}${keys}`, {})
    await joinStream(stream, { tty: Config.Tty, input, resize: `/containers/${row.Id}/resize` })
    const { State } = await askJson<{ State: { Running: boolean; ExitCode: number } }>(`/containers/${row.Id}/json`)
    return State.Running ? 0 : State.ExitCode
  },
}
