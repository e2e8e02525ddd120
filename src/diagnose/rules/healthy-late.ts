import type { Service } from '#compose/model/model.ts'
import { failedServices, type Facts } from '../facts.ts'
import type { Fix } from '../finding.ts'
import type { Found } from '../rule.ts'

/** Times of health checks are in nanoseconds. */
const second = 1e9

/** A service that was given up as unhealthy, and whose check succeeds by now: it only needed longer. */
export function healthyLate(facts: Facts): Found[] {
  return failedServices(facts).flatMap(({ service, container, health, text }) =>
    health?.exitCode !== 0 || !/\bunhealthy\b/.test(text)
      ? []
      : [
          {
            service: service.name,
            evidence: [
              { en: `${container} was given up: ${text}`, ko: `${container} 컨테이너를 실패로 판정했습니다: ${text}` },
              { en: 'its last check, after that, succeeded', ko: '그 뒤의 마지막 헬스 체크는 성공했습니다' },
            ],
            cause: {
              en: `It needs longer to start than its health check allows${allowed(service)}. It has begun by now.`,
              ko: `헬스 체크가 허용하는 시간${allowed(service)}보다 시작이 오래 걸립니다. 지금은 시작을 마쳤습니다.`,
            },
            fix: longer(service),
          },
        ],
  )
}

/** Seconds that the checks take until they are given up, where the file says so. */
function allowed({ healthcheck }: Service): string {
  const { interval, retries, startPeriod = 0 } = healthcheck ?? {}
  return interval === undefined || retries === undefined ? '' : ` (${Math.round((startPeriod + interval * retries) / second)} s)`
}

function longer({ name, at, healthcheck }: Service): Fix {
  const text = {
    en: 'Go on with galley up. Give it that time for the next start: failures within start_period do not count.',
    ko: 'galley up을 다시 실행하면 이어집니다. 다음 시작을 위해 시간을 주세요. start_period 안의 실패는 세지 않습니다.',
  }
  const period = Math.max(60, Math.ceil(((healthcheck?.startPeriod ?? 0) * 2) / second))
  return at.file === '' || healthcheck === undefined
    ? { text }
    : {
        text,
        change: { file: at.file, puts: [{ path: ['services', name, 'healthcheck', 'start_period'], value: `${period}s`, replaces: true }] },
      }
}
