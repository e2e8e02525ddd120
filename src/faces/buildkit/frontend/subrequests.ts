import type { CheckOptions } from '#build/checks/check.ts'
import type { Dockerfile } from '#build/dockerfile/model.ts'
import { jsonDetail, StatusError, unknown } from '../grpc/status.ts'
import { lint } from './lint.ts'
import { outline } from './outline.ts'
import { targets } from './targets.ts'

/** What a subrequest may look at: it asks about a Dockerfile and builds nothing. */
export interface Question {
  readonly file: Dockerfile
  readonly text: string
  readonly target: string | undefined
  readonly args: ReadonlyMap<string, string>
  /** Base name of the Dockerfile. */
  readonly name: string
  readonly check: CheckOptions
}

interface Subrequest {
  readonly description: string
  /** What it warns of fails the client. */
  readonly answer: (question: Question) => object & { readonly warnings?: readonly object[] }
}

/** Questions that BuildKit's frontend answers about a Dockerfile (`buildx build --call`). */
const subrequests: Readonly<Record<string, Subrequest>> = {
  'frontend.lint': { description: 'Check a Dockerfile by the rules', answer: lint },
  'frontend.outline': { description: 'List all parameters current build target supports', answer: outline },
  'frontend.targets': { description: 'List all targets current build supports', answer: targets },
  'frontend.subrequests.describe': { description: 'List available subrequest types', answer: describe },
}

const version = '1.0.0'

/** The answer as clients find it in a result's metadata. */
export function answerSubrequest(name: string, question: Question): Map<string, Buffer> {
  checkSubrequest(name)
  const answer = subrequests[name]?.answer(question)
  const status = (answer?.warnings ?? []).length > 0 ? 1 : 0
  return new Map([
    ['result.json', Buffer.from(JSON.stringify(answer, undefined, 2))],
    ['result.statuscode', Buffer.from(String(status))],
    ['version', Buffer.from(version)],
  ])
}

/** Throws `not implemented` for a question that nothing answers. */
export function checkSubrequest(name: string): void {
  if (Object.hasOwn(subrequests, name)) return
  const details = [jsonDetail('github.com/moby/buildkit/errdefs.Subrequest+json', { name })]
  // The client puts the name in front.
  throw new StatusError('not implemented by Galley', { code: unknown, details })
}

function describe(): object {
  return Object.entries(subrequests).map(([name, { description }]) => ({
    name,
    version,
    type: 'rpc',
    description,
    opts: [],
    inputs: null,
    metadata: [{ name: 'result.json', description: '' }],
    refs: null,
  }))
}
