import { dirname, relative } from 'node:path'
import { GalleyError } from '#base/error.ts'
import { namedFile, readDocuments, type Reading } from './documents.ts'
import { canonical } from './language/canonical.ts'
import { merge, withoutMarks } from './language/merge.ts'
import { withPlaces } from './language/places.ts'
import { serviceForm } from './language/document.ts'
import type { Form } from './language/form.ts'
import type { Position } from './model.ts'
import { fieldIn, invalidAt, isNull, mapValues, placeOf, plainText, withField, type Mapping, type Node } from './tree.ts'

/** Where a service is looked for: in the file that is being read, or in another. */
interface Place {
  readonly file: string
  readonly services: Mapping | undefined
  /** Where relative paths of this file start. */
  readonly directory: string
  /** Services of other files are only checked when something extends them. */
  readonly checked: boolean
}

/** The same canonical document with every service put over what it extends (compose-spec, extends). Throws `invalid` with the place. */
export function withExtends(document: Mapping, file: string, reading: Reading): Mapping {
  const services = fieldIn(document, 'services')
  if (services?.kind !== 'mapping') return document
  const extender = new Extender(reading)
  const place: Place = { file, services, directory: reading.directory, checked: true }
  return withField(
    document,
    'services',
    mapValues(services, (_, name) => extender.service(name, place, [])),
  )
}

class Extender {
  readonly #reading: Reading
  readonly #form: Form

  constructor(reading: Reading) {
    this.#reading = reading
    this.#form = serviceForm(reading.form)
  }

  /** A service with what it extends. `trail` is who extends whom on the way here. */
  service(name: string, place: Place, trail: readonly string[]): Node {
    const written = fieldIn(place.services, name) as Node // its own key, or looked for below
    const node = place.checked ? written : canonical(this.#form, written, `services.${name}`)
    const placed = place.checked ? node : withPlaces(this.#form, node, relative(this.#reading.directory, place.directory) || '.')
    const extended = fieldIn(placed, 'extends')
    if (placed.kind !== 'mapping' || extended === undefined || isNull(extended)) return placed
    const step = `${name} in ${place.file}`
    if (trail.includes(step))
      throw invalidAt(extended.at, `circular reference: ${[...trail.slice(trail.indexOf(step)), step].join(' extends ')}`)
    const base = this.#base(name, extended, place, [...trail, step])
    const own = withField(placed, 'extends', undefined)
    return isNull(base) ? own : merge(this.#form, withoutMarks(base), own)
  }

  #base(name: string, extended: Node, place: Place, trail: readonly string[]): Node {
    const [wanted, file] = [plainText(fieldIn(extended, 'service')), plainText(fieldIn(extended, 'file'))]
    if (wanted === '') throw invalidAt(extended.at, `services.${name}.extends needs a service`)
    const other = file === '' ? place : this.#open(namedFile(file, this.#reading, extended.at), extended.at)
    if (fieldIn(other.services, wanted) === undefined)
      throw invalidAt(extended.at, `cannot extend service "${name}": service "${wanted}" not found in ${other.file}`)
    return this.service(wanted, other, trail)
  }

  #open(file: string, at: Position): Place {
    const documents = this.#documents(file, at)
    // Several documents of one file are put over each other, later ones last.
    const services = documents.map((one) => fieldIn(one, 'services')).findLast((one) => one?.kind === 'mapping')
    return { file, services: services as Mapping | undefined, directory: dirname(file), checked: false }
  }

  /** A file that is not there is told with the place that names it. */
  #documents(file: string, at: Position): Mapping[] {
    try {
      return readDocuments(file, this.#reading)
    } catch (error) {
      if (!(error instanceof GalleyError) || error.code !== 'compose.no-file' || error.subject !== file) throw error
      throw new GalleyError(error.kind, `${placeOf(at)}: ${error.message}`, {
        code: error.code,
        subject: file,
        advice: `It is the file that "extends" names; its path starts at the project's directory.`,
        cause: error.cause,
      })
    }
  }
}
