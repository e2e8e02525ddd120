import { failedServices } from '../facts.ts'
import type { Rule } from '../rule.ts'
import { endsAgain } from '../words.ts'

/** A program that ends well, and is started again and again because its policy says so. */
export const endsAtOnce: Rule = {
  id: 'ends-at-once',
  title: { en: 'the program ends, and is started again and again', ko: '프로그램이 끝나고 계속 다시 시작됩니다' },
  severity: 'error',
  find: (facts) =>
    failedServices(facts)
      .filter(
        ({ service: { restart }, exitCode, ends, text }) =>
          exitCode === 0 && ends > 0 && text !== endsAgain && ['always', 'unless-stopped'].includes(restart.name),
      )
      .map(({ service, container, ends }) => ({
        service: service.name,
        evidence: [
          {
            en: `${container} ended ${ends} times with exit code 0; its restart policy is ${service.restart.name}`,
            ko: `${container} 컨테이너가 종료 코드 0으로 ${ends}번 끝났고, 재시작 정책은 ${service.restart.name}입니다`,
          },
        ],
        cause: {
          en: `The program of ${container} has nothing more to do and ends, without any failure. A container lives only as long as its first process.`,
          ko: `${container} 컨테이너의 프로그램이 할 일을 마치고 정상적으로 끝납니다. 컨테이너는 첫 번째 프로세스가 살아 있는 동안만 실행됩니다.`,
        },
        fix: {
          text: {
            en: 'If it is a job, use restart: on-failure. If it should serve, start it in the foreground (no daemon mode, no "&").',
            ko: '한 번 하고 끝나는 작업이면 restart: on-failure를 쓰세요. 계속 떠 있어야 하는 서버면 포그라운드로 실행하세요(데몬 모드나 "&" 없이).',
          },
        },
      })),
}
