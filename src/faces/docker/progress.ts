import { adviceWith } from '#base/error.ts'
import type { Call } from './route.ts'

/** Writes one JSON line of a progress stream: `{"status": …}`, `{"stream": …}`, `{"aux": …}`. */
export type Report = (line: Readonly<Record<string, unknown>>) => void

/**
 * Answers with newline-separated JSON. The status goes out with the first line; a failure before it is an ordinary error,
 * after it the stream's last line is `{"errorDetail": …, "error": …}`, as Docker's clients expect.
 */
export async function sendProgress(call: Call, task: (report: Report) => Promise<void>): Promise<void> {
  const { response } = call
  const report: Report = (line) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`${JSON.stringify(line)}\r\n`)
  }
  try {
    await task(report)
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' })
  } catch (error) {
    if (!response.headersSent) throw error
    const message = adviceWith(error)
    report({ errorDetail: { message }, error: message })
  }
  response.end()
}
