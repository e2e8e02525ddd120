import { GalleyError } from '#base/error.ts'
import type { Digest } from '#base/digest.ts'
import { hostPlatform, formatPlatform } from '#content/manifests/platform.ts'
import type { Instruction } from '../dockerfile/model.ts'
import { proxyArgs } from '../graph/platform-args.ts'
import { runStep, type StepListener, type StepProcess } from './container.ts'
import { makeMounts, prepareMounts, type MadeMount, type PreparedMount } from './mounts.ts'
import { programOf, scriptMount, type Program } from './program.ts'
import type { Stage } from './stage.ts'
import { envOf } from './state.ts'
import { stubs } from './stubs.ts'

/** A step's command came back with a code that is not 0. */
export class StepFailure extends GalleyError {
  readonly exitCode: number

  constructor(command: string, exitCode: number) {
    super('invalid', `The command '${command}' returned a non-zero code: ${exitCode}`, { code: 'build.step-failed', subject: command })
    this.exitCode = exitCode
  }
}

/** All that a step's result depends on besides the files so far. */
interface Command {
  readonly program: Program
  /** Build arguments that no environment variable hides. */
  readonly args: readonly string[]
  readonly network: string
  readonly mounts: readonly PreparedMount[]
}

/** `RUN`: a container of its own on the layers so far, with the engine's ordinary security profile. */
export async function run(stage: Stage, instruction: Instruction<'run'>): Promise<void> {
  checkPlatform(stage)
  const hidden = envOf(stage.config)
  const command: Command = {
    program: programOf(stage, instruction.command),
    args: [...stage.args].filter(([name]) => !hidden.has(name)).map(([name, value]) => `${name}=${value}`),
    network: networkOf(stage, instruction),
    mounts: await prepareMounts(stage, instruction.mounts),
  }
  const { args, program } = command
  const step = {
    inputs: inputsOf(stage, command),
    createdBy: `RUN ${args.length === 0 ? '' : `|${args.length} ${args.join(' ')} `}${program.argv.join(' ')}`,
    text: instruction.text,
  }
  await stage.change(step, (id) => runCommand(stage, id, command))
}

function inputsOf({ config, platform }: Stage, { program, args, network, mounts }: Command): readonly unknown[] {
  const { User = '', WorkingDir = '', Env } = config
  return ['RUN', program, Env ?? [], args, User, WorkingDir, network, mounts.map(({ identity }) => identity), formatPlatform(platform)]
}

/** Resolves with the directory of what the command changed, if anything. Throws `StepFailure`. */
async function runCommand(stage: Stage, id: Digest, command: Command): Promise<string | undefined> {
  using mounts = await makeMounts(command.mounts)
  const process = await processOf(stage, { id, command, mounts: mounts.made })
  let written: string | undefined
  const code = await runStep(stage.run.builder, process, listenerOf(stage), (directory) => {
    written = stage.run.workspace.takeUpper(directory)
  })
  if (code !== 0) throw new StepFailure(command.program.argv.join(' '), code)
  return written
}

async function processOf(
  stage: Stage,
  { id, command, mounts }: { readonly id: Digest; readonly command: Command; readonly mounts: readonly MadeMount[] },
): Promise<StepProcess> {
  const { builder, request } = stage.run
  const { User = '', WorkingDir = '', Env } = stage.config
  const around = await builder.surroundings()
  const stubbed = stubs(
    stage,
    mounts.flatMap(({ stub }) => stub ?? []),
  )
  return {
    id,
    layers: [stubbed, ...stage.layers.map((layer) => builder.layers.path(layer))],
    argv: command.program.argv,
    // Later ones win: the host's own, then what was given for this build, then the Dockerfile's.
    env: [...pairs(Object.entries(around.environment)), ...proxiesOf(request.args), ...command.args, ...(Env ?? [])],
    user: User,
    workingDirectory: WorkingDir,
    mounts: [
      ...around.mounts.map(({ source, destination }) => ({ Type: 'bind' as const, Source: source, Target: destination, ReadOnly: true })),
      ...scriptMount(stage, command.program),
      ...mounts.flatMap(({ bind }) => bind ?? []),
    ],
    tmpfs: Object.fromEntries(mounts.flatMap(({ tmpfs }) => (tmpfs === undefined ? [] : [tmpfs]))),
    limits: { ...request.limits, network: command.network },
  }
}

function listenerOf({ run: build, index }: Stage): StepListener {
  return {
    started: (container) => build.emit({ type: 'running', stage: index, container }),
    output: (text, stream) => build.emit({ type: 'output', stage: index, text, stream }),
    removed: (container) => build.emit({ type: 'removed', stage: index, container }),
    signal: build.signal,
  }
}

function checkPlatform({ platform }: Stage): void {
  const host = hostPlatform()
  if (platform.os === host.os && platform.architecture === host.architecture) return
  throw new GalleyError('not implemented', `RUN for ${formatPlatform(platform)} on ${formatPlatform(host)} is not implemented by Galley`, {
    code: 'build.foreign-platform',
  })
}

function networkOf(stage: Stage, { network = 'default', security = 'sandbox' }: Instruction<'run'>): string {
  const own = stage.run.request.limits.network
  if (security !== 'sandbox') throw new GalleyError('forbidden', `security.${security} is not allowed`, { code: 'build.entitlement' })
  if (network === 'default') return own
  if (network === 'none') return network
  if (network !== 'host') throw new GalleyError('invalid', `invalid network mode "${network}"`, { subject: network })
  if (own !== 'host')
    throw new GalleyError('forbidden', 'network.host is not allowed', { code: 'build.entitlement', advice: 'Build with --network=host.' })
  return network
}

function proxiesOf(args: ReadonlyMap<string, string>): string[] {
  return pairs([...args].filter(([name]) => proxyArgs.has(name)))
}

function pairs(entries: readonly (readonly [string, string])[]): string[] {
  return entries.map(([name, value]) => `${name}=${value}`)
}
