import { GalleyError } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { ask, askJson } from '../connect.ts'
import { dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { givenVariables } from '../given-variables.ts'
import { parseOptions, projectOptions, splitAfterOperands } from '../options.ts'
import { projectVariables, requiredName } from '../project.ts'
import { joinStream, openStream } from '../streams.ts'
import { shellWords } from '../explain/shell-words.ts'
import { containerOf, isRunning, nameOf } from './containers.ts'

const syntax = {
  usage: 'exec SERVICE COMMAND…',
  does: "Runs a command in a service's running container, on this terminal if there is one. Exits with the command's exit code.",
  operands: 1,
  options: {
    ...projectOptions,
    detach: { type: 'boolean', short: 'd', does: 'in the background' },
    env: { type: 'string', short: 'e', multiple: true, value: 'NAME=VALUE', does: 'a variable for it' },
    index: { type: 'string', value: 'N', does: 'the container of this number' },
    interactive: { type: 'boolean', short: 'i', default: true, does: 'with this command’s input, unless it is --interactive=false' },
    'no-tty': { type: 'boolean', short: 'T', does: 'no terminal: output is passed on as it is' },
    'no-TTY': { type: 'boolean', does: 'the same as --no-tty' },
    tty: { type: 'boolean', short: 't', does: 'is always so where there is a terminal' },
    privileged: { type: 'boolean', does: 'with all rights' },
    user: { type: 'string', short: 'u', value: 'USER', does: 'as this user' },
    ...dryRunOptions,
    workdir: { type: 'string', short: 'w', value: 'DIR', does: 'in this directory' },
  },
} as const satisfies Syntax

export const exec: Command = {
  syntax,
  async run(args) {
    const { own, rest: command } = splitAfterOperands(args, syntax, 1)
    const { values, positionals } = parseOptions(own, syntax)
    const [service] = positionals
    if (service === undefined || command.length === 0)
      throw new GalleyError('invalid', 'galley exec takes a service and a command', { code: 'cli.arguments' })
    const row = await containerOf(await requiredName(values), service, values)
    const { Id } = row
    if (!isRunning(row)) throw notRunning(service)
    if (isRehearsal(values)) {
      await tellRehearsal([planned(`Container ${nameOf(row)}`, 'run a command inside', [shellWords(command)])], values)
      return 0
    }
    const tty = values['no-TTY'] !== true && values['no-tty'] !== true && process.stdin.isTTY && process.stdout.isTTY
    const attached = values.detach !== true
    const { Id: session } = await askJson<{ Id: string }>(`/containers/${Id}/exec`, {
      method: 'POST',
      body: {
        Cmd: command,
        Tty: tty,
        ...(tty && { ConsoleSize: [process.stdout.rows, process.stdout.columns] }),
        AttachStdin: attached && values.interactive,
        AttachStdout: attached,
        AttachStderr: attached,
        Env: givenVariables(values.env ?? [], await projectVariables(values)),
        Privileged: values.privileged === true,
        User: values.user ?? '',
        WorkingDir: values.workdir ?? '',
      },
    })
    if (!attached) {
      await ask(`/exec/${session}/start`, { method: 'POST', body: { Detach: true } })
      return 0
    }
    await joinStream(await openStream(`/exec/${session}/start`, { Tty: tty }), {
      tty,
      input: values.interactive,
      resize: `/exec/${session}/resize`,
    })
    return (await askJson<{ ExitCode: number | null }>(`/exec/${session}/json`)).ExitCode ?? 0
  },
}

function notRunning(service: string): GalleyError {
  return new GalleyError('conflict', `service "${service}" is not running`, {
    subject: service,
    advice: `galley why ${service} tells why. In a container of its own a command runs by galley run --rm ${service}.`,
  })
}
