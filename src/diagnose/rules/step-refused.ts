import { place, same, told } from '../words.ts'
import type { Rule } from '../rule.ts'

/** A step of which the engine itself says what helps, and no other rule knows more. */
export const stepRefused: Rule = {
  id: 'step-refused',
  title: { en: 'a step can not be carried out', ko: '이 단계를 실행할 수 없습니다' },
  severity: 'error',
  find: ({ failures }) =>
    failures.flatMap(({ service, subject, message, advice }) => {
      if (advice === undefined) return []
      const at = place(service?.at)
      return [
        {
          service: service?.name ?? subject,
          evidence: [told(subject, message), ...(at === '' ? [] : [same(`${at}${service?.name}`)])],
          cause: {
            en: 'It goes on when that is changed: galley up does again only what is missing.',
            ko: '그 문제를 고치면 이어서 진행됩니다. galley up은 빠진 것만 다시 합니다.',
          },
          fix: { text: same(advice) },
        },
      ]
    }),
}
