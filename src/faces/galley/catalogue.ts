import { GalleyError, messageOf } from '#base/error.ts'
import { familiarReference, parseImageReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import { namesOf, repositories, type CatalogueEntry } from '#engine/catalogue/list.ts'
import type { Images } from '#engine/images/images.ts'
import { saveImages } from '#engine/images/save.ts'
import type { TransferEvent } from '#engine/images/transfer.ts'
import { readJson, sendJson, type Call, type Routes } from '#faces/docker/route.ts'
import { sendArchive } from '#faces/docker/send-archive.ts'
import { sendLines, type Send } from './send-lines.ts'

/** What this face needs of the catalogue. */
export interface Catalogue {
  list(): readonly CatalogueEntry[]
  /** False when there is none of that name, or when a real image has it here. */
  make(reference: ImageReference, report: (event: Extract<TransferEvent, { type: 'note' }>) => void): Promise<boolean>
}

/** `GET /galley/v1/catalogue`. */
export type CatalogueList = readonly CatalogueEntry[]

/** Images that are made from Debian's packages, over Galley's own API: which there are, making them, and all of them in one archive. */
export function catalogueRoutes(catalogue: Catalogue | undefined, images: Images) {
  const there = (): Catalogue => {
    if (catalogue === undefined)
      throw new GalleyError('forbidden', 'stand-ins are off', { code: 'stand-in.off', advice: 'Start the daemon without --stand-ins off.' })
    return catalogue
  }
  return {
    'GET /galley/v1/catalogue': (call) => sendJson(call, 200, there().list()),
    'POST /galley/v1/catalogue/names': async (call) => sendJson(call, 200, expand(await namesIn(call))),
    'POST /galley/v1/catalogue/make': async (call) => {
      const [maker, names] = [there(), await namesIn(call)]
      await sendLines(call, (send) => makeAll(maker, { names, images }, send, call.signal))
    },
    'POST /galley/v1/catalogue/archive': async (call) => {
      await sendArchive(call, await saveImages(images, await namesIn(call)))
    },
  } satisfies Routes
}

async function namesIn(call: Call): Promise<readonly string[]> {
  const { names } = await readJson(call)
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new GalleyError('invalid', 'the body must hold a list of names')
  return names as readonly string[]
}

/** A repository's own name stands for all of its tags, no name for all repositories. Throws `not found`. */
function expand(names: readonly string[]): readonly string[] {
  return (names.length === 0 ? repositories() : names).flatMap((name) => {
    if (parseImageReference(name).tag !== undefined) return [name]
    const all = namesOf(name)
    if (all.length > 0) return all
    throw new GalleyError('not found', `the catalogue has no ${name}`, {
      subject: name,
      advice: 'galley images catalogue lists what it has.',
    })
  })
}

/** One after the other, as each takes all processors; what can't be made is told, and the others go on. */
async function makeAll(
  catalogue: Catalogue,
  { names, images }: { readonly names: readonly string[]; readonly images: Images },
  send: Send,
  signal: AbortSignal,
): Promise<boolean> {
  let ok = true
  for (const name of names) {
    signal.throwIfAborted()
    const step = { type: 'step' as const, id: name, subject: `Image ${name}` }
    const fail = (detail: string): void => {
      ok = false
      send({ ...step, status: 'Failed', state: 'failed', detail })
    }
    send({ ...step, status: 'Making', state: 'working' })
    try {
      const reference = withDefaultTag(parseImageReference(name))
      const made = await catalogue.make(reference, ({ id, text, count }) => {
        if (id === undefined) return
        send({ ...step, status: 'Making', state: 'working', detail: `${id}: ${text}`, ...(count !== undefined && { amount: count }) })
      })
      if (!made && images.findByName(reference) === undefined) fail('the catalogue has none of this name')
      else
        send({
          ...step,
          status: made ? 'Made' : 'Here',
          state: 'done',
          ...(!made && { detail: `${familiarReference(reference)} is a real image` }),
        })
    } catch (error) {
      fail(messageOf(error))
    }
  }
  return ok
}
