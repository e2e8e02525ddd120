import { untilAborted } from '#base/abort.ts'
import { GalleyError } from '#base/error.ts'
import type { Buildkit } from '../buildkit.ts'
import { streaming, unary, type RpcRoutes } from '../grpc/serve.ts'
import { unknown } from '../grpc/status.ts'
import {
  buildHistoryEvent,
  buildHistoryRecord,
  buildHistoryRequest,
  nothing,
  timestampOf,
  updateBuildHistoryRequest,
} from '../messages/control.ts'
import { contentInfoRequest, contentInfoResponse, readContentRequest, readContentResponse } from '../messages/session.ts'
import type { Given, Message } from '../wire/message.ts'
import type { BuildRecord, History } from './history.ts'

const contentService = '/containerd.services.content.v1.Content'

/** Bytes of a document in one message. */
const piece = 1 << 20

const types = { started: 0, complete: 1, deleted: 2 } as const

/** `buildx history` (ListenBuildHistory, UpdateBuildHistory of the Control service). */
export function historyRoutes({ history }: Buildkit, service: string): RpcRoutes {
  return {
    [`${service}/ListenBuildHistory`]: streaming([buildHistoryRequest, buildHistoryEvent], (request, { signal }) =>
      listen(history, request, signal),
    ),
    [`${service}/UpdateBuildHistory`]: unary([updateBuildHistoryRequest, nothing], (request) => {
      update(history, request)
      return {}
    }),
    // What a record names by its digest is read as content.
    [`${contentService}/Info`]: unary([contentInfoRequest, contentInfoResponse], ({ digest }) => ({
      info: { digest, size: document(history, digest).length },
    })),
    [`${contentService}/Read`]: streaming([readContentRequest, readContentResponse], async function* ({ digest, offset, size }) {
      const whole = document(history, digest)
      const end = size > 0 ? Math.min(offset + size, whole.length) : whole.length
      for (let at = offset; at < end; at += piece) yield { offset: at, data: whole.subarray(at, Math.min(at + piece, end)) }
    }),
  }
}

function document(history: History, digest: string): Buffer {
  const found = history.origin(digest)
  if (found === undefined) throw new GalleyError('not found', `content ${digest}: not found`, { subject: digest })
  return found
}

/** What there is, and then what changes, until the client goes or has said that it wants no more; `activeOnly` leaves out what is over when it asks. */
async function* listen(
  history: History,
  { activeOnly, ref, earlyExit, limit }: Message<typeof buildHistoryRequest>,
  signal: AbortSignal,
): AsyncGenerator<Given<typeof buildHistoryEvent>, void> {
  const aborted = untilAborted(signal)
  const told = new Map<string, string>()
  const over = new Set(activeOnly ? history.list().flatMap(({ ref: each, completed }) => (completed === undefined ? [] : [each])) : [])
  for (;;) {
    const changed = history.changed
    const fitting = history.list().filter((record) => (ref === '' || record.ref === ref) && !over.has(record.ref))
    for (const record of limit > 0 ? fitting.slice(0, limit) : fitting) {
      const text = JSON.stringify(record)
      if (told.get(record.ref) !== text) yield eventOf(record)
      told.set(record.ref, text)
    }
    for (const gone of [...told.keys()].filter((each) => !fitting.some((record) => record.ref === each))) {
      told.delete(gone)
      yield { type: types.deleted, record: { ref: gone } }
    }
    if (earlyExit || signal.aborted) return
    await Promise.race([changed, aborted])
  }
}

function update(history: History, { ref, pinned, delete: doomed, finalize }: Message<typeof updateBuildHistoryRequest>): void {
  if (doomed) return history.delete(ref)
  if (finalize) return
  if (!history.pin(ref, pinned)) throw new GalleyError('not found', `build record ${ref} not found`, { subject: ref })
}

function eventOf(record: BuildRecord): Given<typeof buildHistoryEvent> {
  const { ref, frontend, options, exporters, created, completed, error, answer = {}, steps, pinned } = record
  return {
    type: completed === undefined ? types.started : types.complete,
    record: {
      ref,
      frontend,
      frontendAttributes: new Map(Object.entries(options)),
      exporters: exporters.map(({ type, attributes }) => ({ type, attributes: new Map(Object.entries(attributes)) })),
      createdAt: timestampOf(created),
      exporterResponse: new Map(Object.entries(answer)),
      pinned,
      numTotalSteps: steps.total,
      numCompletedSteps: steps.completed,
      numCachedSteps: steps.cached,
      numWarnings: steps.warnings,
      ...resultsOf(record),
      ...(completed !== undefined && { completedAt: timestampOf(completed) }),
      ...(error !== undefined && { error: { code: unknown, message: error } }),
    },
  }
}

/** Of a build for one platform, its result; of one for several, each by its platform. */
function resultsOf({ origins = [] }: BuildRecord): Pick<Given<typeof buildHistoryRecord>, 'result' | 'results'> {
  const all = origins.map(({ platform, predicateType, digest, size }) => ({
    key: platform,
    value: {
      attestations: [
        {
          mediaType: 'application/vnd.in-toto+json',
          digest,
          size,
          annotations: new Map([['in-toto.io/predicate-type', predicateType]]),
        },
      ],
    },
  }))
  const [first, ...others] = all
  if (first === undefined) return {}
  return others.length === 0 ? { result: first.value } : { results: all }
}
