import { failedServices } from '../facts.ts'
import type { Rule } from '../rule.ts'
import { listenersText } from '../words.ts'
import { checkEnded, missingCheckProgram } from './health-check-program.ts'

/** A health check that fails, with what it said. */
export const healthCheck: Rule = {
  id: 'health-check-fails',
  title: { en: 'the health check fails', ko: '헬스 체크가 실패합니다' },
  severity: 'error',
  find: (facts) =>
    failedServices(facts).flatMap(({ service, container, image, health, listeners = [] }) => {
      if (health === undefined || health.exitCode === 0) return []
      if (missingCheckProgram(service, facts.groundOf(service, image)) !== undefined) return []
      const test = service.healthcheck?.test.join(' ') ?? ''
      const said = health.output.trim()
      const silent = askedPorts(test).find((port) => listeners.length > 0 && !listeners.some((listener) => listener.port === port))
      const seen = listenersText(listeners)
      const ended = checkEnded(container, health.exitCode)
      const written = test === '' ? '' : `: ${test}`
      return [
        {
          service: service.name,
          evidence: [
            { en: `${ended.en}${written}`, ko: `${ended.ko}${written}` },
            ...(said === '' ? [] : [{ en: `it said: ${said}`, ko: `헬스 체크 출력: ${said}` }]),
          ],
          cause:
            silent === undefined
              ? {
                  en: `The check runs inside ${container} and fails there; localhost in it is ${container} itself.`,
                  ko: `헬스 체크는 ${container} 컨테이너 안에서 실행되며, 거기서 실패합니다. 헬스 체크의 localhost는 그 컨테이너 자신입니다.`,
                }
              : {
                  en: `The check asks port ${silent}, and inside ${container} nobody has that: ${seen.en}.`,
                  ko: `헬스 체크가 묻는 ${silent} 포트를 ${container} 컨테이너 안에서 아무도 열지 않았습니다(${seen.ko}).`,
                },
          fix: {
            text: {
              en: `Run it by hand: docker exec ${container} ${byHand(test)}`,
              ko: `직접 실행해 보세요: docker exec ${container} ${byHand(test)}`,
            },
          },
        },
      ]
    }),
}

function byHand(test: string): string {
  return test === '' ? '…' : test.replace(/^CMD(-SHELL)? /, '')
}

/** The ports of the container itself that a check names. */
function askedPorts(test: string): number[] {
  return [...test.matchAll(/(?:localhost|127\.0\.0\.1|\[::1\])[: ](\d{2,5})\b/g)].map(([, port]) => Number(port))
}
