import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly bytes: Buffer
  /** The body as JSON; undefined where it is none. */
  readonly body: unknown
}

/** A request to the Engine API that the docker CLI does not make. */
export async function ask(socketPath: string, call: string, body?: object): Promise<Answer> {
  return await wholeOf(await begun(socketPath, call, body))
}

/** The same, for who has to know that the daemon has it: resolves with the answer's head, which comes before what is waited for. */
export async function begun(socketPath: string, call: string, body?: object): Promise<IncomingMessage> {
  const [method = '', path = ''] = call.split(' ')
  const asked = request({ socketPath, method, path, headers: body === undefined ? {} : { 'content-type': 'application/json' } })
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return answer
}

export async function wholeOf(answer: IncomingMessage): Promise<Answer> {
  const bytes = await buffer(answer)
  return { status: answer.statusCode ?? 0, bytes, body: parsed(bytes) }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown
  } catch {
    return undefined
  }
}
