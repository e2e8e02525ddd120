import { defined, fieldsOf, flagOf, itemsOf, modeOf, textMapOf, textOf } from './decode.ts'
import type { FileMount, FileObject } from './model.ts'
import { content } from './settings.ts'
import { fieldIn, invalidAt, plainText, type Entry, type Node } from './tree.ts'

export type FileSection = 'secrets' | 'configs'

/** One typed, normalised entry of the top level's `secrets` or `configs`. Throws `invalid`. */
export function decodeFileObject(section: FileSection, key: string, { at, value }: Entry): FileObject {
  const where = `${section}.${key}`
  const field = fieldsOf(value, where)
  const external = flagOf(field('external'), `${where}.external`) === true
  return {
    name: textOf(field('name'), `${where}.name`) ?? key,
    at,
    source: external ? { from: 'external' } : sourceOf(section, key, { at, value }),
    labels: textMapOf(field('labels'), `${where}.labels`),
  }
}

function sourceOf(section: FileSection, key: string, { at, value }: Entry): FileObject['source'] {
  const where = `${section}.${key}`
  const field = fieldsOf(value, where)
  const ways = section === 'secrets' ? ['file', 'environment'] : ['file', 'environment', 'content']
  const used = ways.filter((way) => field(way) !== undefined)
  if (used.length > 1) throw invalidAt(at, `${where}: ${ways.join('|')} attributes are mutually exclusive`)
  const [way] = used
  if (way === undefined) throw invalidAt(at, `${where}: one of ${ways.join(', ')} must be set`)
  const text = textOf(field(way), `${where}.${way}`) ?? ''
  if (way === 'file') return { from: 'file', path: text }
  if (way === 'content') return { from: 'content', content: text }
  const there = fieldIn(value, content)
  return { from: 'environment', variable: text, ...defined({ value: there === undefined ? undefined : plainText(there) }) }
}

/** A service's, or a build's, list of secrets or configs. */
export function decodeFileMounts(section: FileSection, node: Node | undefined, where: string): FileMount[] | undefined {
  if (node === undefined) return undefined
  return itemsOf(node, where).map((item) => {
    const field = fieldsOf(item, where)
    const source = textOf(field('source'), `${where}.source`) ?? ''
    return {
      source,
      target: textOf(field('target'), `${where}.target`) ?? (section === 'secrets' ? `/run/secrets/${source}` : `/${source}`),
      at: item.at,
      ...defined({
        uid: textOf(field('uid'), `${where}.uid`),
        gid: textOf(field('gid'), `${where}.gid`),
        mode: modeOf(field('mode'), `${where}.mode`),
      }),
    }
  })
}
