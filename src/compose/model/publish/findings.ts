import { parseAllDocuments } from 'yaml'
import { isObject, type JsonObject } from '#base/json.ts'
import { artifactTypes, type Layer } from './artifact.ts'

/** What should be looked at before a project's files are shown to others. Each is one line. */
export interface Findings {
  /** Values of variables whose names say that they are secret, and declared `env_file`s. */
  readonly environment: readonly string[]
  /** Inline contents of configs. */
  readonly contents: readonly string[]
  /** What looks like a key or a token, wherever it stands. */
  readonly secrets: readonly string[]
}

const secretName = /passw(?:or)?d|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|credential/i

/** What is known by its form, and what it is called. */
const forms: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/],
  ['AWS access key', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['GitHub token', /\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{60,}\b/],
  ['Slack token', /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ['Google API key', /\bAIza[\w-]{35}\b/],
  ['JSON web token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ['password in an address', /\b[a-z][a-z+.-]*:\/\/[^\s:@/${}]+:[^\s:@/${}]+@/i],
]

/** Looks through what would be published. Variables that are left in place tell nothing, and are no findings. */
export function findingsIn(layers: readonly Layer[]): Findings {
  const files = layers.filter(({ mediaType }) => mediaType === artifactTypes.file)
  const found = files.flatMap(({ text }) => parseAllDocuments(text, { merge: true })).map((document) => document.toJS() as unknown)
  return {
    environment: found.flatMap(environmentIn),
    contents: found.flatMap(contentsIn),
    secrets: layers.flatMap(({ text, mediaType }) => secretsIn(text, mediaType === artifactTypes.envFile)),
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : []
}

function environmentIn(document: unknown): string[] {
  return entriesOf((document as JsonObject | null)?.['services']).flatMap(([name, service]) => {
    const { env_file: envFile, environment } = (service ?? {}) as JsonObject
    const pairs = Array.isArray(environment) ? environment.map((item) => String(item).split(/=(.*)/s, 2)) : entriesOf(environment)
    const secret = pairs.filter(([key, value]) => secretName.test(String(key)) && isLiteral(value)).map(([key]) => String(key))
    return [
      ...(envFile === undefined ? [] : [`service "${name}": env_file declared; without --with-env whoever runs it has none`]),
      ...(secret.length === 0 ? [] : [`service "${name}": literal value for ${secret.join(', ')}`]),
    ]
  })
}

function contentsIn(document: unknown): string[] {
  return entriesOf((document as JsonObject | null)?.['configs']).flatMap(([name, config]) =>
    isLiteral((config as JsonObject | null)?.['content']) ? [`config "${name}"`] : [],
  )
}

/** Whether more than variables would be told. */
function isLiteral(value: unknown): boolean {
  if (value === null || value === undefined) return false
  const rest = String(value)
    .replaceAll('$$', 'X')
    .replaceAll(/\$\{[^}]*\}|\$\w+/g, '')
  return rest.trim() !== ''
}

function secretsIn(text: string, isEnvFile: boolean): string[] {
  const known = forms.flatMap(([name, pattern]) => (pattern.test(text) ? [name] : []))
  const assigned = isEnvFile
    ? [...text.matchAll(/^\s*(?:export\s+)?([\w.-]+)\s*[=:]\s*(\S.*)$/gm)]
        .filter(([, key = '', value = '']) => secretName.test(key) && isLiteral(value))
        .map(([, key = '']) => key)
    : []
  return [...known, ...assigned]
}
