import { GalleyError } from '#base/error.ts'
import { withoutCredentials } from '#build/attest/materials.ts'
import type { AttestRequest, Invocation, ProvenanceRequest } from '#build/attest/request.ts'
import { unsupported, type FrontendOptions } from './options.ts'
import type { Asked } from './request.ts'

type Fields = ReadonlyMap<string, string>

/** What is to be said of the result: `attest:provenance=mode=max`, `build-arg:BUILDKIT_ATTEST_SBOM=`. Throws `invalid`, `not implemented`. */
export function attestationsOf(asked: Pick<Asked, 'ref' | 'frontend' | 'options' | 'inputs'>): AttestRequest {
  const wanted = wantedIn(asked.options)
  const other = [...wanted.keys()].find((name) => !Object.hasOwn(known, name))
  if (other !== undefined) throw new GalleyError('invalid', `unknown attestation type ${JSON.stringify(other)}`, { subject: other })
  for (const [name, fields] of wanted) checkFields(name as keyof typeof known, fields)
  const [provenance, sbom] = [wanted.get('provenance'), wanted.get('sbom')]
  return {
    ...(provenance !== undefined && { provenance: provenanceOf(provenance, asked) }),
    ...(sbom !== undefined && { sbom: { name: 'sbom' } }),
  }
}

/** What is noted of every build, whatever its client wants to have said of the result, as by BuildKit. */
export function recordedOrigin(asked: Pick<Asked, 'ref' | 'frontend' | 'options' | 'inputs'>): ProvenanceRequest {
  const builder = wantedIn(asked.options).get('provenance')?.get('builder-id') ?? ''
  return provenanceOf(new Map([['builder-id', builder]]), asked)
}

/** Whether anything is to be said of an image that stays here. */
export function isAttested(options: FrontendOptions): boolean {
  return [...wantedIn(options)].some(([, fields]) => !isOn(fields, 'inline-only'))
}

/** Fields that are carried out, or that say nothing more. A scanner of another's is never run: Galley has its own. */
const known = {
  provenance: ['type', 'disabled', 'mode', 'version', 'builder-id', 'reproducible', 'inline-only', 'filename'],
  sbom: ['type', 'disabled'],
} as const

function checkFields(name: keyof typeof known, fields: Fields): void {
  for (const [field, value] of fields)
    if (!(known[name] as readonly string[]).includes(field) && value !== 'false') throw unsupported(`${field} of the attestation ${name}`)
}

const prefixes = ['attest:', 'build-arg:BUILDKIT_ATTEST_'] as const

function wantedIn(options: FrontendOptions): ReadonlyMap<string, Fields> {
  const wanted = new Map<string, Fields>()
  for (const [name, value] of options) {
    const prefix = prefixes.find((each) => name.startsWith(each))
    const fields = prefix === undefined ? undefined : fieldsOf(value)
    if (prefix !== undefined && fields !== undefined && !isOn(fields, 'disabled'))
      wanted.set(name.slice(prefix.length).toLowerCase(), fields)
  }
  return wanted
}

/** `mode=max,"builder-id=a,b"`. */
function fieldsOf(text: string): Fields {
  const fields = text.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? []
  return new Map(
    fields.map((field) => {
      const plain = field.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"')
      const at = plain.indexOf('=')
      return at < 0 ? [plain, ''] : [plain.slice(0, at), plain.slice(at + 1)]
    }),
  )
}

function isOn(fields: Fields, name: string): boolean {
  return ['1', 't', 'true'].includes((fields.get(name) ?? '').toLowerCase())
}

function provenanceOf(fields: Fields, asked: Pick<Asked, 'ref' | 'frontend' | 'options' | 'inputs'>): ProvenanceRequest {
  const mode = fields.get('mode') ?? 'max'
  if (!['min', 'max', 'full'].includes(mode)) throw new GalleyError('invalid', `invalid mode ${JSON.stringify(mode)}`, { subject: mode })
  const version = fields.get('version') ?? 'v1'
  if (version !== 'v1' && version !== 'v0.2')
    throw new GalleyError('invalid', `invalid provenance SLSA version: ${version}`, { subject: version })
  return {
    mode: mode === 'min' ? 'min' : 'max',
    version,
    builderId: fields.get('builder-id') ?? '',
    reproducible: isOn(fields, 'reproducible'),
    inlineOnly: isOn(fields, 'inline-only'),
    fileName: fields.get('filename') || 'provenance.json',
    invocation: invocationOf(asked),
  }
}

function invocationOf({ ref, frontend, options, inputs }: Pick<Asked, 'ref' | 'frontend' | 'options' | 'inputs'>): Invocation {
  const address = options.get('context') ?? ''
  const key = options.get('contextkey') || 'context'
  const input = inputs.get(key)?.kind === 'files'
  // What a client sends over its session, or in one archive, has no address.
  const isRemote = address !== '' && !address.startsWith('http://buildkit-session/')
  const named = [...options].flatMap(([name, value]) => (name.startsWith('context:') ? (/^local:(.*)$/.exec(value)?.[1] ?? []) : []))
  return {
    id: ref,
    frontend,
    args: new Map([...options].map(([name, value]) => [name, /^(context:|vcs:source$)/.test(name) ? withoutCredentials(value) : value])),
    locals: isRemote || input ? named : [key, options.get('dockerfilekey') || 'dockerfile', ...named],
    context: isRemote ? withoutCredentials(address) : undefined,
    dockerfile: options.get('filename') || 'Dockerfile',
  }
}
