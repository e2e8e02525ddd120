import type { Setting } from '#compose/model/model.ts'
import type { Mention } from '../addresses.ts'
import type { Fix } from '../finding.ts'

/** The service's name in the place of localhost, or of a name that nobody has. */
export function nameInPlace({ value, at }: Setting, { text, host }: Mention, service: string): Fix {
  const right = text.replace(host, service)
  return {
    text: {
      en: `Use the service's name: ${text} becomes ${right}.`,
      ko: `서비스 이름을 쓰세요: ${text} → ${right}`,
    },
    ...(at !== undefined && { change: { at, before: value, after: value.replace(text, right) } }),
  }
}
