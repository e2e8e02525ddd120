import type { Socket } from 'node:net'
import { messageOf } from '#base/error.ts'
import { FrameBuffer } from '#base/frame-buffer.ts'
import type { Engine } from '#engine/containers/engine.ts'
import { startExec, type Exec } from '#engine/containers/execs.ts'
import type { Container, Probe } from '#engine/containers/model.ts'
import { sendSignal } from '#host/process/signal.ts'
import type { Check } from './check.ts'

/** Bytes of output that are kept of one check (moby, daemon/health.go: maxOutputLen). */
const mostOutput = 4096
/** Of a run that could not be started or took too long. */
const noExitCode = -1

/** Runs a container's check once, as its user and in its environment. One that takes longer than its timeout is killed. */
export async function probe(engine: Engine, container: Container, check: Check): Promise<Probe> {
  const start = engine.clock.now()
  const { exitCode, output, isLate } = await runInside(engine, container, { ...check, mostOutput })
  const text = isLate ? `Health check exceeded timeout (${goDuration(check.timeout)})${output && `: ${output}`}` : output
  return { start, end: engine.clock.now(), exitCode, output: text }
}

/** A command to run inside; what is not given is the container's own. */
interface Inside extends Pick<Check, 'command' | 'timeout'> {
  /** Bytes of its output that are kept. */
  readonly mostOutput: number
  readonly env?: readonly string[]
  readonly user?: string
  readonly workingDir?: string
  readonly privileged?: boolean
}

interface Ran {
  /** -1 when it could not be started, or took too long and was killed. */
  readonly exitCode: number
  readonly output: string
  readonly isLate: boolean
}

/** Runs a command to its end. */
export async function runInside(engine: Engine, container: Container, wished: Inside): Promise<Ran> {
  const { command, timeout, env = [], user = '', workingDir = '', privileged = false } = wished
  const exec = engine.execs.add({
    container: container.id,
    command,
    env,
    user,
    workingDir,
    tty: false,
    stdin: false,
    stdout: true,
    stderr: true,
    privileged,
    detachKeys: '',
    quiet: true,
  })
  try {
    const stream = await engine.keeper.attach(exec.id, { stdin: false, stdout: true, stderr: true })
    // The keeper would wait for a process that does not come, such as in a container that has just ended.
    using _attached = { [Symbol.dispose]: () => stream.destroy() }
    const output = collect(stream, wished.mostOutput)
    await startExec(engine, exec)
    const isLate = await overrun(engine, exec, timeout)
    return { exitCode: isLate ? noExitCode : (exec.exitCode ?? noExitCode), output: await output, isLate }
  } catch (error) {
    engine.execs.end(exec, noExitCode)
    return { exitCode: noExitCode, output: messageOf(error), isLate: false }
  }
}

/** Waits for the end; resolves with whether it had to be brought about. */
async function overrun(engine: Engine, exec: Exec, timeout: number): Promise<boolean> {
  let late = false
  using _timer = engine.clock.after(timeout, () => {
    late = true
    sendSignal(exec.pid, 'SIGKILL')
  })
  await exec.over
  return late
}

/** The first bytes of both output streams as text, in the order in which they came; the rest is read and dropped. */
function collect(stream: Socket, most: number): Promise<string> {
  const frames = new FrameBuffer()
  let output = Buffer.alloc(0)
  let dropped = false
  stream.on('data', (chunk: Buffer) => {
    for (const { data } of frames.push(chunk)) {
      dropped ||= output.length + data.length > most
      if (output.length < most) output = Buffer.concat([output, data]).subarray(0, most)
    }
  })
  return new Promise((resolve) => {
    const done = (): void => {
      stream.destroy()
      resolve(`${output.toString('utf8')}${dropped ? '...' : ''}`)
    }
    stream.once('end', done).once('close', done)
    stream.resume()
  })
}

/** Milliseconds in the words of Go's time.Duration: `1m30s`, `500ms`. */
function goDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`
  const seconds = milliseconds / 1000
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const rest = `${Number((seconds % 60).toFixed(3))}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}
