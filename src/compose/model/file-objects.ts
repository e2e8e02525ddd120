import { defined, fieldsOf, flagOf, itemsOf, modeOf, textMapOf, textOf } from './decode.ts'
import type { FileMount, FileObject } from './model.ts'
import { content } from './settings.ts'
import { fieldIn, plainText, type Entry, type Node } from './tree.ts'

export type FileSection = 'secrets' | 'configs'

/** One typed, normalised entry of the top level's `secrets` or `configs`. */
export function decodeFileObject(section: FileSection, key: string, { at, value }: Entry): FileObject {
  const where = `${section}.${key}`
  const field = fieldsOf(value, where)
  const external = flagOf(field('external'), `${where}.external`) === true
  return {
    name: textOf(field('name'), `${where}.name`) ?? key,
    at,
    source: external ? { from: 'external' } : sourceOf(where, value),
    labels: textMapOf(field('labels'), `${where}.labels`),
  }
}

/** That there is one source was checked when the files were read. */
function sourceOf(where: string, value: Node): FileObject['source'] {
  const field = fieldsOf(value, where)
  const text = (key: string): string | undefined => textOf(field(key), `${where}.${key}`)
  const [path, variable] = [text('file'), text('environment')]
  if (path !== undefined) return { from: 'file', path }
  if (variable === undefined) return { from: 'content', content: text('content') ?? '' }
  const there = fieldIn(value, content)
  return { from: 'environment', variable, ...defined({ value: there === undefined ? undefined : plainText(there) }) }
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
