import { unknownModes } from './language/volumes.ts'
import { endOfWords } from './language/words.ts'
import { fieldIn, placeOf, type Mapping, type Node } from './tree.ts'

/** Warnings of what a file says and nothing carries out, as in Docker Compose, which doesn't say so. */
export function lostParts(raw: Mapping): string[] {
  const services = fieldIn(raw, 'services')
  if (services?.kind !== 'mapping') return []
  return [...services.entries].flatMap(([name, { value }]) => [...cutCommands(name, value), ...lostModes(name, value)])
}

/** A command line is no script: what follows an operator is lost. */
function cutCommands(name: string, service: Node): string[] {
  return ['command', 'entrypoint'].flatMap((key) => {
    const node = fieldIn(service, key)
    const text = node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : ''
    const lost = text.slice(endOfWords(text)).trim()
    if (node === undefined || lost === '') return []
    return [`${placeOf(node.at)}: services.${name}.${key} ends before "${lost}", for no shell reads it: write [sh, -c, "…"] for that`]
  })
}

function lostModes(name: string, service: Node): string[] {
  const volumes = fieldIn(service, 'volumes')
  const items = volumes?.kind === 'sequence' ? volumes.items : []
  return items.flatMap((item) =>
    unknownModes(item).map((mode) => `${placeOf(item.at)}: services.${name}.volumes: "${mode}" is no mode of a mount, and changes nothing`),
  )
}
