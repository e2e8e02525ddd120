import type { Rule } from '../rule.ts'
import type { Words } from '../finding.ts'
import { wrote } from '../words.ts'

/** A next version that did not become ready: the one before it goes on. */
export const updateRolledBack: Rule = {
  id: 'update-rolled-back',
  title: { en: 'the update was rolled back', ko: '업데이트를 되돌렸습니다' },
  severity: 'error',
  find: ({ failures }) =>
    failures.flatMap(({ service, subject, rolledBack }) => {
      if (service === undefined || rolledBack === undefined) return []
      const { why, lastWords, differences } = rolledBack
      const { name } = service
      return [
        {
          service: name,
          evidence: [
            { en: `${subject}, new version: ${why}`, ko: `${subject}의 새 버전: ${why}`, told: [subject, why] },
            ...differences.map((line) => ({ en: `changed: ${line}`, ko: `바뀐 값: ${line}`, told: [line] })),
            ...lastWords.map((line) => saidBy(subject.replace('Container ', ''), line)),
          ],
          cause: {
            en: `The next version of ${name} did not become ready, so it was removed, and the one before it goes on. Who uses ${name} sees the old version.`,
            ko: `${name}의 새 버전이 준비 상태가 되지 않아 제거했고, 이전 버전이 계속 실행됩니다. ${name}에 접속하면 이전 버전이 응답합니다.`,
          },
          fix: {
            text: {
              en: 'Take the change back, or mend what the new version says, and run galley up again.',
              ko: '변경을 되돌리거나, 새 버전이 남긴 메시지의 원인을 고친 뒤 galley up을 다시 실행하세요.',
            },
          },
        },
      ]
    }),
}

/** The health check's words are not the program's (compose/apply/rolled-back.ts). */
function saidBy(container: string, line: string): Words {
  const [, ending = ''] = /^health check: exit code (.*)$/s.exec(line) ?? []
  return ending === ''
    ? wrote(container, line)
    : {
        en: `the last check of ${container} ended with exit code ${ending}`,
        ko: `${container} 컨테이너의 마지막 헬스 체크 종료 코드: ${ending}`,
      }
}
