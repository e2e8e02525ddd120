import { buildProblem } from '../build-problem.ts'
import type { Rule } from '../rule.ts'
import { told } from '../words.ts'

/** An image that could not be built. */
export const buildFailed: Rule = {
  id: 'build-failed',
  title: { en: 'the image could not be built', ko: '이미지를 빌드하지 못했습니다' },
  severity: 'error',
  find: ({ failures }) =>
    failures.flatMap((failure) => {
      const { service, step, code, subject, message, advice } = failure
      if (service === undefined || step !== 'image.build' || buildProblem(failure) !== undefined) return []
      const inCommand = code === 'build.step-failed'
      const again = {
        en: `Mend the Dockerfile${inCommand ? ' or what the command works with' : ''} and run it again: steps that succeeded are not repeated.`,
        ko: `Dockerfile${inCommand ? '이나 명령이 쓰는 파일' : ''}을 고친 뒤 다시 실행하세요. 성공한 단계는 반복하지 않습니다.`,
      }
      return [
        {
          service: service.name,
          evidence: [told(subject, message)],
          cause: inCommand
            ? {
                en: `A command that the Dockerfile of ${service.name} runs ended with an error; what it printed last stands above.`,
                ko: `${service.name} 서비스의 Dockerfile이 실행한 명령이 오류로 끝났습니다. 마지막 출력은 위에 있습니다.`,
              }
            : {
                en: `The build of ${service.name} can't go on, as it says.`,
                ko: `위에 적힌 이유로 ${service.name} 서비스의 빌드를 계속할 수 없습니다.`,
              },
          fix: { text: advice === undefined ? again : { en: advice, ko: advice } },
        },
      ]
    }),
}
