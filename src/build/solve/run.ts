import { GalleyError } from '#base/error.ts'
import type { Digest } from '#base/digest.ts'
import { hostPlatform, formatPlatform } from '#content/manifests/platform.ts'
import { runsHere } from '#host/kernel/architectures.ts'
import type { Instruction } from '../dockerfile/model.ts'
import { proxyArgs } from '../graph/platform-args.ts'
import { withPlace } from '../dockerfile/problem.ts'
import { runStep, type StepListener, type StepProcess } from './container.ts'
import { Leftovers } from './failed-step.ts'
import { keepContainer, outlives } from './kept-container.ts'
import type { MadeMount, PreparedMount } from './mount-options.ts'
import { makeMounts, prepareMounts } from './mounts.ts'
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
  readonly insecure: boolean
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
    insecure: isInsecure(stage, instruction),
    mounts: await prepareMounts(stage, instruction.mounts),
  }
  const { args, program } = command
  const step = {
    inputs: inputsOf(stage, command),
    createdBy: `RUN ${args.length === 0 ? '' : `|${args.length} ${args.join(' ')} `}${program.argv.join(' ')}`,
    text: instruction.text,
  }
  using leftovers = new Leftovers()
  try {
    await stage.change(step, (id) => runCommand(stage, { id, command, leftovers }))
  } catch (error) {
    await leftovers.show(stage, withPlace(error, instruction.place))
    throw error
  }
}

function inputsOf({ config, platform, solver }: Stage, { program, args, network, insecure, mounts }: Command): readonly unknown[] {
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
    formatPlatform(platform),
  ]
}

interface Running {
  readonly id: Digest
  readonly command: Command
  readonly leftovers: Leftovers
}

/** Resolves with the directory of what the command changed, if anything. Throws `StepFailure`. */
async function runCommand(stage: Stage, { id, command, leftovers }: Running): Promise<string | undefined> {
  using held = new DisposableStack()
  const mounts = held.use(await makeMounts(command.mounts))
  const wantsFailure = stage.solver.request.onFailedStep !== undefined
  const process = await processOf(stage, { id, command, mounts: mounts.made })
  const { builder, workspace } = stage.solver
  const listener = new Listener(stage, stage.current?.id ?? id)
  let written: string | undefined
  const code = await runStep(builder, process, listener, async (exit, container) => {
    const stays = outlives(stage, exit)
    // A container that stays goes on writing into what it wrote, which a layer's files must not share.
    if (exit === 0 || wantsFailure)
      written = stays ? await workspace.copyUpper(container.directory) : workspace.takeUpper(container.directory)
    if (stays) await keepContainer(stage, container.id)
    return { stays }
  })
  if (code === 0) return written
  const failed = { exitCode: code, printed: listener.printed, layers: process.layers, workingDirectory: process.workingDirectory }
  for (const line of (await builder.explain?.(failed)) ?? []) listener.output(`${line}\n`, 'stderr')
  if (wantsFailure) leftovers.keep(process, held.move(), written)
  throw new StepFailure(command.program.argv.join(' '), code)
}

async function processOf(
  stage: Stage,
  { id, command, mounts }: { readonly id: Digest; readonly command: Command; readonly mounts: readonly MadeMount[] },
): Promise<StepProcess> {
  const { builder, request } = stage.solver
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
    hostname: stage.solver.settings.hostname,
    mounts: [
      ...around.mounts.map(({ source, destination }) => ({ Type: 'bind' as const, Source: source, Target: destination, ReadOnly: true })),
      ...scriptMount(stage, command.program),
      ...mounts.flatMap(({ bind }) => bind ?? []),
    ],
    tmpfs: Object.fromEntries(mounts.flatMap(({ tmpfs }) => (tmpfs === undefined ? [] : [tmpfs]))),
    secretEnv: mounts.flatMap(({ env }) => env ?? []),
    limits: { ...request.limits, network: command.network },
    privileged: command.insecure,
    keepsLog: request.keepsContainers !== undefined,
  }
}

/** Characters of a step's output that are looked at when it fails. */
const looked = 4096

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

function proxiesOf(args: ReadonlyMap<string, string>): string[] {
  return pairs([...args].filter(([name]) => proxyArgs.has(name)))
}

function pairs(entries: readonly (readonly [string, string])[]): string[] {
  return entries.map(([name, value]) => `${name}=${value}`)
}
