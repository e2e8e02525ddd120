import { GalleyError } from '#base/error.ts'
import type { Finding } from '#diagnose/finding.ts'
import { lookUp } from '#diagnose/things/look-up.ts'
import type { Places } from '#diagnose/things/thing.ts'
import { readJson, type Routes } from '#faces/docker/route.ts'
import { sendLines } from './send-lines.ts'

/** `galley why` about what is no service of a project; answers are JSON lines. */
export function thingRoutes(places: Places): Routes {
  return {
    'POST /galley/v1/why': async (call) => {
      const { words } = await readJson(call)
      if (!Array.isArray(words)) throw new GalleyError('invalid', 'the body must hold a list of words')
      await sendLines(call, async (send) => {
        let well = true
        // Explained after all are told, as the notes belong to the things.
        const explained: Finding[] = []
        for (const word of words.map(String)) {
          for (const { subject, state, text, notes, findings } of await lookUp(word, places)) {
            send({ type: 'service', service: word, subject, state, text })
            for (const note of notes) send({ type: 'note', text: note })
            explained.push(...findings)
            well &&= findings.length === 0 && state !== 'failed'
          }
        }
        for (const finding of explained) send({ type: 'finding', finding })
        return well
      })
    },
  }
}
