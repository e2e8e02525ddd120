import { GalleyError } from '#base/error.ts'
import type { Usage } from './usage.ts'

const fields = {
  id: ({ id }: Usage) => id,
  description: ({ description }: Usage) => description,
  type: ({ type }: Usage) => type,
  inuse: ({ inUse }: Usage) => String(inUse),
  shared: ({ shared }: Usage) => String(shared),
  private: ({ shared }: Usage) => String(!shared),
  mutable: ({ type }: Usage) => String(type !== 'regular'),
  immutable: ({ type }: Usage) => String(type === 'regular'),
} as const satisfies Readonly<Record<string, (usage: Usage) => string>>

/**
 * Tells what fits one of the filters: comparisons that are joined by commas, such as `type==regular,id~=^ab` (containerd's filter
 * language). Everything fits none. Throws `invalid`.
 */
export function usageFilter(filters: readonly string[]): (usage: Usage) => boolean {
  const all = filters.filter((filter) => filter !== '').map((filter) => filter.split(',').map(comparison))
  return (usage) => all.length === 0 || all.some((comparisons) => comparisons.every((fits) => fits(usage)))
}

function comparison(text: string): (usage: Usage) => boolean {
  const [, name = '', operator, quoted = ''] = /^([a-z]+)(?:(==|~=|!=)(.*))?$/.exec(text) ?? []
  if (!Object.hasOwn(fields, name)) throw new GalleyError('invalid', `invalid filter ${JSON.stringify(text)}`, { subject: text })
  const value = /^"(.*)"$/.exec(quoted)?.[1] ?? quoted
  const field = fields[name as keyof typeof fields]
  if (operator === undefined) return (usage) => field(usage) !== 'false'
  if (operator === '==') return (usage) => field(usage) === value
  if (operator === '!=') return (usage) => field(usage) !== value
  const pattern = patternOf(value)
  return (usage) => pattern.test(field(usage))
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (cause) {
    throw new GalleyError('invalid', `invalid filter pattern ${JSON.stringify(text)}`, { cause })
  }
}
