import { plainText } from '../tree.ts'
import { integer, list, names, scalar, struct, text, type Form, type Scalar } from './form.ts'
import { fileTarget } from './same.ts'
import { asAssignments, asHosts, checkedHost, asMountedFile, asWords, settledHosts } from './short-forms.ts'

/** Parts that several places of the language have. */
const value: Scalar = scalar('text', 'string', 'number', 'boolean', 'null')

export const texts: Form = list(text, { single: true, late: true })

export const command: Form = list(text, { convert: asWords, replaced: true, late: true })

/** `NAME: value` or `- NAME=value`; a bare name takes the caller's variable. */
export const environment: Form = names(value, { convert: asAssignments, bare: 'kept', late: true })

/** The same where a bare name has the empty text: labels, annotations, sysctls. */
export const pairs: Form = names(value, { convert: asAssignments, bare: 'empty', late: true })

/** Options of a driver. */
export const options: Form = names(scalar('text', 'string', 'number', 'null'), { bare: 'empty' })

export const extraHosts: Form = list(text, {
  convert: asHosts,
  lengthen: checkedHost,
  settled: settledHosts,
  distinct: true,
  sorted: true,
  late: true,
})

export const ulimits: Form = names(
  {
    kind: 'either',
    scalar: integer,
    struct: struct(
      {
        soft: { form: integer, kept: 'always in YAML' },
        hard: { form: integer, kept: 'always in YAML' },
      },
      { required: ['soft', 'hard'] },
    ),
  },
  { pattern: /^[a-z]+$/ },
)

/** Secrets or configs that a service, or its build, gets as files. */
export function fileMounts(section: 'secrets' | 'configs' | 'build secrets'): Form {
  const mount = struct(
    { source: text, target: text, uid: text, gid: text, mode: { form: scalar('mode', 'number', 'string'), kept: 'written' } },
    {
      convert: asMountedFile,
      defaults: (node) => ({ target: section === 'secrets' ? `/run/secrets/${plainText(node.entries.get('source')?.value)}` : undefined }),
    },
  )
  return list(mount, section === 'build secrets' ? {} : { same: fileTarget(section === 'secrets' ? '/run/secrets' : '') })
}
