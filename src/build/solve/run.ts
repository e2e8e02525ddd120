import { GalleyError } from '#base/error.ts'
import type { Digest } from '#base/digest.ts'
import { hostPlatform, formatPlatform } from '#content/manifests/platform.ts'
import { roomOf } from '#host/files/full-disk.ts'
import { runsHere } from '#host/kernel/architectures.ts'
import type { FailedCommand } from '../builder.ts'
import type { Instruction } from '../dockerfile/model.ts'
import { runStep, type StepListener } from './container.ts'
import { devicesFor } from './devices.ts'
import { keepContainer, outlives } from './kept-container.ts'
import { makeMounts, prepareMounts } from './mounts.ts'
import { programOf } from './program.ts'
import type { Stage } from './stage.ts'
import { argumentsOf, processOf, type Command } from './step-process.ts'

/** A step's command came back with a code that is not 0. */
export class StepFailure extends GalleyError {
  readonly exitCode: number
  /** The end of what this step printed, both streams: other steps print at the same time. */
  readonly printed: string

  constructor(command: string, { exitCode, printed }: Pick<FailedCommand, 'exitCode' | 'printed'>) {
    super('invalid', `The command '${command}' returned a non-zero code: ${exitCode}`, { code: 'build.step-failed', subject: command })
    this.exitCode = exitCode
    this.printed = printed
  }
}

/** `RUN`: a container of its own on the layers so far, with the engine's ordinary security profile. */
export async function run(stage: Stage, instruction: Instruction<'run'>): Promise<void> {
  checkPlatform(stage)
  const command: Command = {
    program: programOf(stage, instruction.command),
    args: argumentsOf(stage),
    network: networkOf(stage, instruction),
    insecure: isInsecure(stage, instruction),
    mounts: await prepareMounts(stage, instruction.mounts),
    devices: await devicesFor(stage, instruction.devices),
  }
  const { args, program } = command
  const step = {
    inputs: inputsOf(stage, command),
    createdBy: `RUN ${args.length === 0 ? '' : `|${args.length} ${args.join(' ')} `}${program.argv.join(' ')}`,
    text: instruction.text,
    isInLine: isInLine(stage, command),
  }
  await stage.change(step, (id) => runCommand(stage, id, command))
}

/** Nothing of what it finds comes from outside the files. */
function isInLine({ solver }: Stage, { mounts, devices, insecure, network, program }: Command): boolean {
  const usual = network === solver.request.limits.network && network === 'bridge'
  return mounts.length === 0 && devices.names.length === 0 && !insecure && usual && program.script === undefined
}

function inputsOf({ config, platform, solver }: Stage, { program, args, network, insecure, mounts, devices }: Command): readonly unknown[] {
  const { User = '', WorkingDir = '', Env } = config
  const { hostname } = solver.settings
  return [
    'RUN',
    program,
    Env ?? [],
    args,
    User,
    WorkingDir,
    network,
    ...(insecure ? ['insecure'] : []),
    ...(hostname === undefined ? [] : [{ hostname }]),
    mounts.map(({ identity }) => identity),
    ...devices.identity,
    formatPlatform(platform),
  ]
}

/** Resolves with the directory of what the command changed, if anything. Throws `StepFailure`. */
async function runCommand(stage: Stage, id: Digest, command: Command): Promise<string | undefined> {
  using held = new DisposableStack()
  const mounts = held.use(await makeMounts(command.mounts))
  const wantsFailure = stage.solver.request.onFailedStep !== undefined
  const process = await processOf(stage, { id, command, mounts: mounts.made })
  const { builder, workspace } = stage.solver
  const listener = new Listener(stage, stage.current?.id ?? id)
  let [written, room]: [string?, string?] = []
  const code = await runStep(builder, process, listener, async (exit, container) => {
    if (exit !== 0) room = roomOf(builder.directory)
    const stays = outlives(stage, exit)
    // A container that stays goes on writing into what it wrote, which a layer's files must not share.
    if (exit === 0 || wantsFailure)
      written = stays ? await workspace.copyUpper(container.directory) : workspace.takeUpper(container.directory)
    if (stays) await keepContainer(stage, container.id)
    return { stays }
  })
  if (code === 0) return written
  const failed = { exitCode: code, printed: listener.printed, layers: process.layers, workingDirectory: process.workingDirectory, room }
  for (const line of (await builder.explain?.(failed)) ?? []) listener.output(`${line}\n`, 'stderr')
  if (wantsFailure) stage.leftovers.keep(process, held.move(), written)
  throw new StepFailure(command.program.argv.join(' '), failed)
}

/** Characters of a step's output that are looked at when it fails: npm prints its whole usage behind what went wrong. */
const looked = 16_384

/** Tells what a step does, and remembers the end of what it prints. */
class Listener implements StepListener {
  printed = ''
  readonly signal: AbortSignal
  readonly #stage: Stage
  readonly #vertex: Digest

  constructor(stage: Stage, vertex: Digest) {
    this.#stage = stage
    this.#vertex = vertex
    this.signal = stage.solver.signal
  }

  readonly started = (container: string): void => {
    this.#stage.solver.emit({ type: 'running', stage: this.#stage.index, container })
  }

  readonly output = (text: string, stream: 'stdout' | 'stderr'): void => {
    this.printed = (this.printed + text).slice(-looked)
    this.#stage.solver.emit({ type: 'output', stage: this.#stage.index, vertex: this.#vertex, text, stream })
  }

  readonly removed = (container: string): void => {
    this.#stage.solver.emit({ type: 'removed', stage: this.#stage.index, container })
  }
}

function checkPlatform({ platform }: Stage): void {
  const host = hostPlatform()
  if (platform.os === host.os && runsHere(platform.architecture)) return
  throw new GalleyError(
    'unavailable',
    `RUN for ${formatPlatform(platform)} on ${formatPlatform(host)} needs an emulator, which this machine lacks`,
    {
      code: 'build.foreign-platform',
      advice:
        'Install an emulator on this machine (apt-get install qemu-user-static), or build the step on the build platform: FROM --platform=$BUILDPLATFORM.',
    },
  )
}

function networkOf({ solver }: Stage, { network = 'default' }: Instruction<'run'>): string {
  const { limits, entitlements } = solver.request
  const own = limits.network
  if (network === 'default') return own
  if (network === 'none') return network
  if (network !== 'host') throw new GalleyError('invalid', `invalid network mode "${network}"`, { subject: network })
  if (own !== 'host' && entitlements?.has('network.host') !== true)
    throw new GalleyError('forbidden', 'network.host is not allowed', { code: 'build.entitlement', advice: 'Build with --network=host.' })
  return network
}

function isInsecure({ solver }: Stage, { security = 'sandbox' }: Instruction<'run'>): boolean {
  if (security === 'sandbox') return false
  if (security !== 'insecure') throw new GalleyError('invalid', `security "${security}" is not supported`, { subject: security })
  if (solver.request.entitlements?.has('security.insecure') === true) return true
  throw new GalleyError('forbidden', 'security.insecure is not allowed', {
    code: 'build.entitlement',
    advice: 'Build with --allow security.insecure.',
  })
}
