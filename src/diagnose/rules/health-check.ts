import type { Service } from '#compose/model/model.ts'
import type { Listener } from '#host/netns/listener.ts'
import { failedServices, type Facts } from '../facts.ts'
import type { Fix, Words } from '../finding.ts'
import type { Rule } from '../rule.ts'
import { listenersText, nameServer } from '../words.ts'
import { checkEnded, missingCheckProgram } from './health-check-program.ts'
import { healthyLate } from './healthy-late.ts'

/** A health check that fails, with what it said. */
export const healthCheck: Rule = {
  id: 'health-check-fails',
  title: { en: 'the health check fails', ko: '헬스 체크가 실패합니다' },
  severity: 'error',
  find: (facts) => [
    ...healthyLate(facts),
    ...failedServices(facts).flatMap(({ service, container, image, health, listeners = [] }) => {
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
          fix: otherPort(service, silent, listeners) ??
            moreTime(service, silent, listeners) ?? {
              text: isTakenBack(facts, service)
                ? beside(service)
                : {
                    en: `Run it by hand: docker exec ${container} ${byHand(service)}`,
                    ko: `직접 실행해 보세요: docker exec ${container} ${byHand(service)}`,
                  },
            },
        },
      ]
    }),
  ],
}

/** Whether the version whose check failed is gone: under its name, the one before it goes on. */
function isTakenBack({ failures }: Facts, { name }: Service): boolean {
  return failures.some(({ service, rolledBack }) => rolledBack !== undefined && service?.name === name)
}

function beside({ name }: Service): Words {
  return {
    en: `That version is gone. Run it beside the one that goes on, and see what it says: galley run --rm ${name}`,
    ko: `그 버전은 이미 없습니다. 실행 중인 버전은 그대로 두고 따로 실행해 보세요: galley run --rm ${name}`,
  }
}

/** As it is typed: what a shell reads stays one word. */
function byHand({ healthcheck }: Service): string {
  const [kind, ...words] = healthcheck?.test ?? []
  const typed = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
  return kind === undefined ? '…' : kind === 'CMD-SHELL' ? `sh -c ${typed}` : typed
}

/** By which option databases' own clients name a port; `-p` of MySQL's is the password. */
const clientPort =
  /\b(?:(?:pg_isready|psql|redis-cli)\b[^|;&]*?\s(?:-p|--port)[ =]?(\d{2,5})\b|(?:mysql|maria)[\w-]*\b[^|;&]*?\s(?:-P|--port)[ =]?(\d{2,5})\b)/g

/** The check with the one port that the program has, where it asks another one. */
function otherPort({ name, at, healthcheck }: Service, silent: number | undefined, listeners: readonly Listener[]): Fix | undefined {
  const [port, ...more] = new Set(listeners.filter(({ address }) => address !== nameServer).map((one) => one.port))
  const [kind, ...words] = healthcheck?.test ?? []
  // What Compose would read as a variable had to be written otherwise.
  if (silent === undefined || port === undefined || more.length > 0 || at.file === '' || words.some((word) => word.includes('$')))
    return undefined
  const right = words.map((word) => word.replaceAll(new RegExp(`\\b${silent}\\b`, 'g'), String(port)))
  const value = kind === 'CMD-SHELL' ? right.join(' ') : [kind ?? 'CMD', ...right]
  return {
    text: { en: `Ask the port that it listens on: ${silent} becomes ${port}.`, ko: `열린 포트로 확인하세요: ${silent} → ${port}` },
    change: { file: at.file, puts: [{ path: ['services', name, 'healthcheck', 'test'], value, replaces: true }] },
  }
}

/** Failures that do not count, for a program that had not begun to listen. */
function moreTime({ name, at, healthcheck }: Service, silent: number | undefined, listeners: readonly Listener[]): Fix | undefined {
  const listens = listeners.some(({ address }) => address !== nameServer)
  if (silent === undefined || listens || healthcheck === undefined || healthcheck.startPeriod !== undefined || at.file === '')
    return undefined
  return {
    text: {
      en: 'If it only needs longer to start, give it that time: failures within start_period do not count.',
      ko: '시작이 오래 걸리는 것뿐이라면 시간을 주세요. start_period 안의 실패는 세지 않습니다.',
    },
    change: { file: at.file, puts: [{ path: ['services', name, 'healthcheck', 'start_period'], value: '60s' }] },
  }
}

/** The ports of the container itself that a check names. */
function askedPorts(test: string): number[] {
  const named = [...test.matchAll(/(?:localhost|127\.0\.0\.1|\[::1\])[: ](\d{2,5})\b/g), ...test.matchAll(clientPort)]
  return named.map(([, port, other]) => Number(port ?? other))
}
