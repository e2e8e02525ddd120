import type { Digest } from '#base/digest.ts'
import { proxyArgs } from '../graph/platform-args.ts'
import type { StepProcess } from './container.ts'
import type { StepDevices } from './devices.ts'
import type { MadeMount, PreparedMount } from './mount-options.ts'
import { scriptMount, type Program } from './program.ts'
import type { Stage } from './stage.ts'
import { envOf } from './state.ts'
import { stubs } from './stubs.ts'

/** All that a step's result depends on besides the files so far. */
export interface Command {
  readonly program: Program
  /** Build arguments that no environment variable hides. */
  readonly args: readonly string[]
  readonly network: string
  readonly insecure: boolean
  readonly mounts: readonly PreparedMount[]
  readonly devices: StepDevices
}

/** The process of a step on the files so far, with what the host lends it. */
export async function processOf(
  stage: Stage,
  {
    id,
    command,
    mounts,
  }: {
    readonly id: Digest
    readonly command: Omit<Command, 'mounts'>
    readonly mounts: readonly MadeMount[]
  },
): Promise<StepProcess> {
  const { builder, request } = stage.solver
  const { User = '', WorkingDir = '', Env } = stage.config
  const around = await builder.surroundings()
  const stubbed = stubs(stage, [...mounts.flatMap(({ stub }) => stub ?? []), ...command.devices.stubs])
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
    devices: command.devices.names,
    keepsLog: request.keepsContainers !== undefined,
  }
}

/** Build arguments that no environment variable hides. */
export function argumentsOf(stage: Stage): string[] {
  const hidden = envOf(stage.config)
  return [...stage.args].filter(([name]) => !hidden.has(name)).map(([name, value]) => `${name}=${value}`)
}

function proxiesOf(args: ReadonlyMap<string, string>): string[] {
  const given = [...args].filter(([name]) => proxyArgs.has(name))
  // Programs differ in which of both they look at.
  const both = given.flatMap(([name, value]) => [name.toLowerCase(), name.toUpperCase()].map((written) => [written, value] as const))
  return pairs([...new Map([...both, ...given])])
}

function pairs(entries: readonly (readonly [string, string])[]): string[] {
  return entries.map(([name, value]) => `${name}=${value}`)
}
