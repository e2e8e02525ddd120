import { GalleyError } from '#base/error.ts'
import { isPlain } from '../progress.ts'
import { say } from '../say.ts'
import { callerEnvironment } from '../caller-environment.ts'
import { startAgents } from './agents.ts'
import { answerText } from './answers.ts'
import { hasTerminal } from './failed-step.ts'
import { failureText } from './failure.ts'
import { follow, type Mode } from './follow.ts'
import { indexImage } from '#faces/galley/build/layout-index.ts'
import { prepareRequest, type Prepared, type Values } from './request.ts'
import { writeText } from './sinks.ts'
import { readInput, type Piped } from './stdin.ts'
import { Trace } from './trace.ts'
import { warningsText } from './warnings.ts'

/** Builds one image from a path, an address, or `-`; resolves with the exit code. `read` is what `-` stands for, instead of standard input. */
export async function buildOne(values: Values, context: string, read?: Piped): Promise<number> {
  const mode = modeOf(values)
  const piped = read ?? (await inputFor(context, values.file?.[0]))
  const prepared = prepareRequest({
    values,
    context,
    input: piped?.input,
    environment: callerEnvironment(),
    hasTerminal: hasTerminal() && (mode === 'tty' || mode === 'plain'),
  })
  const { asked: plain, outputs, keys } = prepared
  if (mode === 'json' && outputs.some(({ destination }) => destination?.kind === 'stdout'))
    throw new GalleyError('invalid', 'standard output is for the result here, not for --progress=json', {
      advice: 'Take --progress=rawjson, which tells on standard error.',
    })
  using agents = await startAgents(keys)
  const asked = { ...plain, client: { ...plain.client, agents: { ...plain.client.agents, ...agents.sockets } } }
  const trace = new Trace()
  const last = await follow(asked, piped, { mode, outputs, trace })
  if ((mode === 'plain' || mode === 'tty') && asked.call === undefined) process.stderr.write(warningsText(trace.warnings))
  if (last.type === 'error') {
    if (mode !== 'json' && !last.isShown)
      process.stderr.write(failureText(last, trace, asked.call === undefined ? undefined : `no answer to ${asked.call}`))
    if (asked.debug !== undefined && !last.isShown) say('Only a step that fails leaves something for --debug to look into.', process.stderr)
    return 1
  }
  if (asked.call !== undefined) {
    const { text, code } = answerText(asked.call, last.answer, values.call?.includes('format=json') === true)
    process.stdout.write(text)
    return code
  }
  report(values, prepared, last.answer)
  return 0
}

function modeOf({ progress = 'auto', quiet, json }: Values): Mode {
  if (quiet === true) return 'quiet'
  if (json === true) return 'json'
  if (progress === 'auto') return isPlain(process.stderr) ? 'plain' : 'tty'
  const modes: readonly string[] = ['tty', 'plain', 'quiet', 'rawjson', 'json'] satisfies Mode[]
  if (!modes.includes(progress)) throw new GalleyError('invalid', `--progress takes auto, ${modes.join(', ')}, not ${progress}`)
  return progress as Mode
}

async function inputFor(context: string, file: string | undefined): Promise<Piped | undefined> {
  if (context === '-' && file === '-')
    throw new GalleyError('invalid', 'the context and the Dockerfile can not both come over standard input')
  if (context !== '-' && file !== '-') return undefined
  return await readInput(process.stdin as AsyncIterable<Buffer>, context === '-')
}

/** Writes the files that name the result, and its id where that is all that is wanted. */
function report(values: Values, { outputs, cachesWritten }: Prepared, answer: Readonly<Record<string, string>>): void {
  const id = answer['containerimage.config.digest'] ?? answer['containerimage.digest'] ?? ''
  for (const { destination } of outputs)
    if (destination?.kind === 'layout') indexImage(destination.path, decoded(answer['containerimage.descriptor'] ?? ''), destination.names)
  const cache = answer['cache.manifest']
  if (cache !== undefined) for (const layout of cachesWritten) indexImage(layout, JSON.parse(cache) as { digest: string }, ['latest'])
  if (values.iidfile !== undefined) writeText(values.iidfile, id)
  if (values['metadata-file'] !== undefined) writeText(values['metadata-file'], `${JSON.stringify(metadata(answer), undefined, 2)}\n`)
  if (values.quiet === true && !outputs.some(({ destination }) => destination?.kind === 'stdout')) process.stdout.write(`${id}\n`)
}

/** As buildx writes it: what is JSON in base64 becomes JSON. */
function metadata(answer: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [name, name === 'containerimage.descriptor' ? decoded(value) : value]),
  )
}

function decoded(base64: string): { digest: string } {
  return JSON.parse(Buffer.from(base64, 'base64').toString('utf8')) as { digest: string }
}
