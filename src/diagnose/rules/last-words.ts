import { failedServices, type ServiceFacts } from '../facts.ts'
import type { Words } from '../finding.ts'
import type { Rule } from '../rule.ts'
import { tellingLines } from '../telling-lines.ts'
import { ended, same, told, wrote } from '../words.ts'

/** Lines of its log that are shown: they say something, and a screen holds them. */
const shown = 6

/** What is known when no rule knows more: how it ended and what it wrote last. */
export const lastWords: Rule = {
  id: 'last-words',
  title: { en: 'no rule explains it', ko: '알려진 규칙으로는 설명할 수 없습니다' },
  severity: 'error',
  find: (facts) => [
    ...failedServices(facts).map((failed) => ({
      service: failed.service.name,
      evidence: [ended(failed.container, failed.text), ...tellingLines(failed.log, shown).map((line) => wrote(failed.container, line))],
      ...wordsOf(failed),
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

function wordsOf({ log, service, container }: ServiceFacts): { readonly cause: Words; readonly fix: { readonly text: Words } } {
  const silent = log.every((line) => line.trim() === '')
  const logs = service.at.file === '' ? `docker logs ${container}` : `galley logs ${service.name}`
  if (silent)
    return {
      cause: { en: 'It wrote nothing before it ended.', ko: '아무것도 출력하지 않고 끝났습니다.' },
      fix: {
        text: {
          en: 'Start it by hand in a shell of its own, and see what it does: ' + shellIn(service),
          ko: '셸에서 직접 실행해 보세요: ' + shellIn(service),
        },
      },
    }
  return {
    cause: { en: 'Its own words above are all that is known.', ko: '위에 있는 프로그램의 출력이 알려진 전부입니다.' },
    fix: { text: { en: `Read all of them: ${logs}`, ko: `전체 로그를 읽어 보세요: ${logs}` } },
  }
}

function shellIn({ at, name, image }: ServiceFacts['service']): string {
  return at.file === '' ? `docker run -it --rm --entrypoint sh ${image}` : `galley run --rm --entrypoint sh ${name}`
}
