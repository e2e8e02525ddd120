import { GalleyError } from '#base/error.ts'
import { isObject, type JsonObject } from '#base/json.ts'

/** What a device asks of a container (Container Device Interface, SPEC.md, `containerEdits`). */
export interface Edits {
  readonly env: readonly string[]
  readonly nodes: readonly Node[]
  readonly mounts: readonly EditMount[]
  readonly hooks: readonly Hook[]
  readonly gids: readonly number[]
  /** What it asks for that Galley does not do. */
  readonly refused: readonly string[]
}

export interface Node {
  readonly path: string
  readonly hostPath: string
  /** Letters of `rwm`. */
  readonly permissions: string
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly mode: number | undefined
}

export interface EditMount {
  readonly hostPath: string
  readonly containerPath: string
  readonly type: string
  readonly options: readonly string[]
}

/** One of the runtime's hooks (runtime-spec, config.md, POSIX-platform Hooks). */
export interface Hook {
  readonly name: (typeof hookNames)[number]
  readonly path: string
  readonly args: readonly string[]
  readonly env: readonly string[]
  /** Seconds. */
  readonly timeout: number | undefined
}

const hookNames = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const

export interface Specification {
  /** `vendor.com/class`. */
  readonly kind: string
  /** For every container that gets one of its devices. */
  readonly edits: Edits
  readonly devices: readonly { readonly name: string; readonly annotations: ReadonlyMap<string, string>; readonly edits: Edits }[]
}

/** Reads what a file of devices says. Throws `invalid`, with the field that is wrong. */
export function specificationOf(value: unknown): Specification {
  const fields = fieldsOf(value, 'the specification')
  textOf(fields, 'cdiVersion')
  const kind = textOf(fields, 'kind')
  if (!/^[A-Za-z][\w.-]*\/[A-Za-z][\w-]*$/.test(kind)) throw invalid(`kind ${kind} is no vendor/class`)
  const common = annotationsOf(fields)
  const devices = listOf(fields, 'devices').map((device) => {
    const own = fieldsOf(device, 'devices')
    const annotations = new Map([...common, ...annotationsOf(own)])
    return { name: textOf(own, 'name'), annotations, edits: editsOf(own) }
  })
  return { kind, edits: editsOf(fields), devices }
}

function editsOf(fields: JsonObject): Edits {
  const edits = fieldsOf(fields['containerEdits'] ?? {}, 'containerEdits')
  return {
    env: textsOf(edits, 'env'),
    nodes: listOf(edits, 'deviceNodes').map((node) => nodeOf(fieldsOf(node, 'deviceNodes'))),
    mounts: listOf(edits, 'mounts').map((mount) => mountOf(fieldsOf(mount, 'mounts'))),
    hooks: listOf(edits, 'hooks').map((hook) => hookOf(fieldsOf(hook, 'hooks'))),
    gids: listOf(edits, 'additionalGids').map((gid) => wholeOf({ gid }, 'gid') ?? 0),
    refused: ['intelRdt', 'netDevices'].filter((name) => edits[name] !== undefined && edits[name] !== null),
  }
}

function nodeOf(node: JsonObject): Node {
  const path = textOf(node, 'path')
  const permissions = optional(node, 'permissions') ?? 'rwm'
  if (!/^[rwm]{1,3}$/.test(permissions)) throw invalid(`permissions ${permissions} of ${path}`)
  const [uid, gid, mode] = (['uid', 'gid', 'fileMode'] as const).map((name) => wholeOf(node, name))
  return { path, hostPath: optional(node, 'hostPath') ?? path, permissions, uid, gid, mode }
}

function mountOf(mount: JsonObject): EditMount {
  return {
    hostPath: textOf(mount, 'hostPath'),
    containerPath: textOf(mount, 'containerPath'),
    type: optional(mount, 'type') ?? 'bind',
    options: textsOf(mount, 'options'),
  }
}

function hookOf(hook: JsonObject): Hook {
  const written = textOf(hook, 'hookName')
  const name = hookNames.find((known) => known === written)
  if (name === undefined) throw invalid(`hookName ${written}`)
  return { name, path: textOf(hook, 'path'), args: textsOf(hook, 'args'), env: textsOf(hook, 'env'), timeout: wholeOf(hook, 'timeout') }
}

function annotationsOf(fields: JsonObject): (readonly [string, string])[] {
  return Object.entries(fieldsOf(fields['annotations'] ?? {}, 'annotations')).map(([name, value]) => [name, String(value)])
}

function fieldsOf(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value
  throw invalid(`${what} is no object`)
}

function listOf(fields: JsonObject, name: string): readonly unknown[] {
  const value = fields[name] ?? []
  if (!Array.isArray(value)) throw invalid(`${name} is no list`)
  return value
}

function textsOf(fields: JsonObject, name: string): readonly string[] {
  return listOf(fields, name).map((value) => {
    if (typeof value !== 'string') throw invalid(`${name} is no list of texts`)
    return value
  })
}

function optional(fields: JsonObject, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw invalid(`${name} is no text`)
  return value
}

function textOf(fields: JsonObject, name: string): string {
  const text = optional(fields, name)
  if (text === undefined) throw invalid(`${name} is missing`)
  return text
}

function wholeOf(fields: JsonObject, name: string): number | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(`${name} is no whole number`)
  return value
}

function invalid(what: string): GalleyError {
  return new GalleyError('invalid', what)
}
