import type { RuleName } from './rules.ts'

/** What a Dockerfile says about its own checks: `# check=skip=A,B;error=true;experimental=all`. */
export interface CheckDirective {
  readonly skips: (rule: RuleName) => boolean
  readonly tries: (rule: RuleName) => boolean
  /** Whether a finding fails the build. */
  readonly error: boolean
}

export function parseCheckDirective(text = ''): CheckDirective {
  const fields = new Map(
    text.split(';').map((field) => {
      const at = field.indexOf('=')
      return [field.slice(0, Math.max(0, at)).trim(), field.slice(at + 1).trim()] as const
    }),
  )
  return {
    skips: named(fields.get('skip')),
    tries: named(fields.get('experimental')),
    error: ['1', 't', 'true'].includes((fields.get('error') ?? '').toLowerCase()),
  }
}

function named(text = ''): (rule: RuleName) => boolean {
  const names = text.split(',').map((name) => name.trim())
  return (rule) => names.includes('all') || names.includes(rule)
}
