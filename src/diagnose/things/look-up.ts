import { GalleyError, kindOf } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import { containerThing } from './container.ts'
import { imageThing } from './image.ts'
import { networkThing } from './network.ts'
import { portIn, portThings } from './port.ts'
import type { Places, Thing } from './thing.ts'
import { isHere, urlIn, urlThings } from './url.ts'
import { volumeThing } from './volume.ts'

/** Everything that a word means: a port as `:8080` or `localhost:8080`, an address as `http://localhost:8080/`, else the container, image, network and volume of that name or id. Throws `not found`. */
export async function lookUp(word: string, places: Places): Promise<Thing[]> {
  const url = urlIn(word)
  if (url !== undefined) return await urlThings(url, places)
  const [, host = '', rest = ''] = /^(.*)(:\d+)$/.exec(word) ?? []
  const port = portIn(host !== '' && isHere(host) ? rest : word)
  if (port !== undefined) return await portThings(port, places)
  const { engine, images, networks, volumes } = places
  const container = found(() => engine.containers.get(word))
  const image = found(() => images.find(word))
  const network = found(() => networks.find(word))
  const volume = volumes.list().find(({ name }) => name === word)
  const things = [
    ...(container === undefined ? [] : [await containerThing(container, places)]),
    ...(image === undefined ? [] : [imageThing(word, image, places)]),
    ...(network === undefined ? [] : [networkThing(network, places)]),
    ...(volume === undefined ? [] : [volumeThing(volume, places)]),
  ]
  if (things.length > 0) return things
  throw nothing(word, places)
}

/** Words that can't be a name of one kind may be of another. */
function found<T>(find: () => T | undefined): T | undefined {
  try {
    return find()
  } catch (error) {
    if (['not found', 'invalid'].includes(kindOf(error))) return undefined
    throw error
  }
}

function nothing(word: string, { engine, images, networks, volumes }: Places): GalleyError {
  const names = [
    ...engine.containers.list().map(({ name }) => name),
    ...images.list().flatMap(({ references }) => references),
    ...networks.list().map(({ name }) => name),
    ...volumes.list().map(({ name }) => name),
  ]
  const meant = nearest(word, names)
  return new GalleyError('not found', `there is no service, container, image, network or volume ${word}`, {
    code: 'why.not-found',
    subject: word,
    advice: meant === undefined ? 'A port is written :8080, an address of this machine http://localhost:8080/.' : `Did you mean ${meant}?`,
  })
}
