import { GalleyError, messageOf } from '#base/error.ts'
import type { Told } from '#faces/galley/build/told.ts'
import { ask } from '../connect.ts'
import { joinStream, openStream } from '../streams.ts'
import { say } from '../say.ts'
import { inWords } from '../words.ts'
import { failureText } from './failure.ts'
import type { Trace } from './trace.ts'

type FailedStep = Extract<Told, { type: 'failed step' }>

/** Whether a shell can be opened for whoever typed the command. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY
}

/** Opens the shell on this terminal; resolves when it has ended. */
export async function enter({ failure, container, shell }: FailedStep, trace: Trace): Promise<void> {
  process.stderr.write(`${failureText(failure, trace)}\n${inWords(`This is ${shell} where the step failed; the build ends with it.`)}\n`)
  const path = `/containers/${container}`
  try {
    const stream = await openStream(`${path}/attach?stream=1&stdin=1&stdout=1&stderr=1`, {})
    await ask(`${path}/start`, { method: 'POST' })
    await joinStream(stream, { tty: true, input: true, resize: `${path}/resize` })
  } catch (error) {
    process.stderr.write(refusalText(shell, messageOf(error)))
    // The build waits for it.
    await ask(`${path}?force=1`, { method: 'DELETE' }).catch(unlessGone)
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof GalleyError) || error.kind !== 'not found') throw error
}

function refusalText(shell: string, why: string): string {
  return `galley: ${inWords(`${shell} can't be started there: ${why}`)}\n`
}

/** Says how to look into it from elsewhere, and for how long; or why that can't be. */
export function tellWhere({ failure, container, shell, keptFor = 0, refused }: FailedStep, trace: Trace): void {
  if (refused !== undefined) return void process.stderr.write(`${failureText(failure, trace)}${refusalText(shell, refused)}`)
  const name = container.slice(0, 12)
  const minutes = Math.round(keptFor / 60_000)
  process.stderr.write(failureText(failure, trace))
  say(
    `The step's files, mounts and variables are kept for ${minutes} minutes. To look into them: docker attach ${name}, and Enter`,
    process.stderr,
  )
  say(`They are gone when that shell ends, or with docker rm -f ${name}.`, process.stderr)
}
