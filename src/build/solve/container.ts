import type { Socket } from 'node:net'
import { orAborted } from '#base/abort.ts'
import type { Digest } from '#base/digest.ts'
import { GalleyError } from '#base/error.ts'
import { FrameBuffer } from '#base/frame-buffer.ts'
import { create } from '#engine/containers/create.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { cdiDriver } from '#engine/containers/injected-devices.ts'
import type { MountRequest } from '#engine/containers/model.ts'
import { remove } from '#engine/containers/remove.ts'
import { start } from '#engine/containers/start-by-hand.ts'
import { type Builder, stepLabel } from '../builder.ts'

/** Limits and surroundings of step containers, as `docker build` takes them. */
export interface StepLimits {
  readonly network: string
  readonly hosts: readonly string[]
  /** Fields of HostConfig: `Memory`, `CpuShares`, `ShmSize`, `Ulimits`, … */
  readonly resources: Readonly<Record<string, unknown>>
}

export interface StepProcess {
  /** Names the step; no image has it. */
  readonly id: Digest
  /** Directories, lowest first. */
  readonly layers: readonly string[]
  readonly argv: readonly string[]
  readonly env: readonly string[]
  /** Variables that no record gets to see. */
  readonly secretEnv: readonly string[]
  readonly user: string
  readonly workingDirectory: string
  /** undefined for the container's own. */
  readonly hostname: string | undefined
  readonly mounts: readonly MountRequest[]
  readonly tmpfs: Readonly<Record<string, string>>
  readonly limits: StepLimits
  readonly privileged: boolean
  /** Names of devices that the machine declares. */
  readonly devices: readonly string[]
  /** For a container that may outlive its step. */
  readonly keepsLog: boolean
}

export interface StepListener {
  readonly started: (container: string) => void
  readonly output: (text: string, stream: 'stdout' | 'stderr') => void
  readonly removed: (container: string) => void
  readonly signal: AbortSignal
}

/**
 * Runs a step in a container of its own and resolves with its exit code; before the container is removed, `ended` gets that and the
 * container, whose overlay is unmounted, and may say that it stays. Aborting the signal removes it and rejects with the reason.
 */
export async function runStep(
  { engine, stepImages }: Builder,
  process: StepProcess,
  listener: StepListener,
  ended: (code: number, container: EndedContainer) => Promise<{ readonly stays: boolean }>,
): Promise<number> {
  listener.signal.throwIfAborted()
  using _image = stepImages.add(process)
  const { id } = await create(engine, { name: '', config: configOf(process), hostConfig: hostConfigOf(process), endpoints: {} })
  let outcome = { stays: false }
  try {
    const code = await runToEnd(engine, id, listener)
    outcome = await ended(code, { id, directory: `${engine.data}/containers/${id}` })
    return code
  } finally {
    if (!outcome.stays) {
      await remove(engine, id, { force: true, volumes: true })
      listener.removed(id)
    }
  }
}

export interface EndedContainer {
  readonly id: string
  /** Of its overlay. */
  readonly directory: string
}

async function runToEnd(engine: Engine, id: string, { started, output, signal }: StepListener): Promise<number> {
  const container = engine.containers.get(id)
  const stop = new AbortController()
  const exit = engine.containers.wait(container, 'next-exit', stop.signal)
  const streams = await engine.keeper.attach(id, { stdin: false, stdout: true, stderr: true })
  try {
    started(id)
    await start(engine, id)
    const said = readOutput(streams, output)
    // When the step is aborted nobody waits for its last words.
    said.catch(() => undefined)
    const { code } = await orAborted(exit, signal)
    await orAborted(said, signal)
    // Its overlay is unmounted in the container's next turn.
    await engine.containers.inTurn(id, async () => undefined)
    return code
  } finally {
    stop.abort()
    streams.destroy()
  }
}

export function configOf({ id, argv, env, user, workingDirectory, hostname }: StepProcess): Readonly<Record<string, unknown>> {
  return {
    ...(hostname !== undefined && { Hostname: hostname }),
    Image: id,
    Entrypoint: [''],
    Cmd: argv,
    Env: env,
    User: user,
    WorkingDir: workingDirectory || '/',
    Labels: { [stepLabel]: '' },
  }
}

export function hostConfigOf({ limits, mounts, tmpfs, privileged, devices, keepsLog }: StepProcess): Readonly<Record<string, unknown>> {
  return {
    ...limits.resources,
    NetworkMode: limits.network,
    ExtraHosts: limits.hosts,
    Mounts: mounts,
    Tmpfs: tmpfs,
    Privileged: privileged,
    ...(devices.length > 0 && { DeviceRequests: [{ Driver: cdiDriver, DeviceIDs: devices }] }),
    ...(!keepsLog && { LogConfig: { Type: 'none', Config: {} } }),
  }
}

/** Reads the output of both streams to its end. */
async function readOutput(socket: Socket, output: StepListener['output']): Promise<void> {
  const decoders: Readonly<Record<number, TextDecoder>> = { 1: new TextDecoder(), 2: new TextDecoder() }
  const frames = new FrameBuffer()
  for await (const chunk of socket as AsyncIterable<Buffer>)
    for (const { stream, data } of frames.push(chunk)) {
      const decoder = decoders[stream]
      if (decoder === undefined) throw new GalleyError('internal', 'the output of a build step is damaged')
      output(decoder.decode(data, { stream: true }), stream === 2 ? 'stderr' : 'stdout')
    }
}
