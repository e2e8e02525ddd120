import { failedServices } from '../facts.ts'
import type { Rule } from '../rule.ts'
import { ended, lastLines, same, told, wrote } from '../words.ts'

/** What is known when no rule knows more: how it ended and what it wrote last. */
export const lastWords: Rule = {
  id: 'last-words',
  title: { en: 'no rule explains it', ko: '알려진 규칙으로는 설명할 수 없습니다' },
  severity: 'error',
  find: (facts) => [
    ...failedServices(facts).map(({ service, container, text, log }) => ({
      service: service.name,
      evidence: [ended(container, text), ...lastLines(log, 10).map((line) => wrote(container, line))],
      cause: { en: 'Its own words above are all that is known.', ko: '위에 있는 프로그램의 출력이 알려진 전부입니다.' },
      fix: { text: { en: `Read all of them: docker logs ${container}`, ko: `전체 로그를 읽어 보세요: docker logs ${container}` } },
    })),
    ...facts.failures.map(({ service, subject, message, advice }) => ({
      service: service?.name ?? subject,
      evidence: [told(subject, message)],
      cause: { en: 'The step failed as it says.', ko: '위에 적힌 이유로 이 단계가 실패했습니다.' },
      fix: {
        text:
          advice === undefined
            ? {
                en: 'Mend what it names and run galley up again: what is done already stays done.',
                ko: '적힌 문제를 고친 뒤 galley up을 다시 실행하세요. 이미 끝난 단계는 그대로 남습니다.',
              }
            : same(advice),
      },
    })),
  ],
}
