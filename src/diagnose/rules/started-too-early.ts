import { isItself, mentionsOf } from '../addresses.ts'
import { databaseOf } from '../databases.ts'
import { failedServices, type Facts, type ServiceFacts } from '../facts.ts'
import type { Evidence, Fix } from '../finding.ts'
import { namesOf } from '../names.ts'
import { refusalIn, refusedSign } from '../refusals.ts'
import type { Found, Rule } from '../rule.ts'
import { isOpen, isStarting } from '../starting.ts'
import { waitingFor } from '../waiting-for.ts'
import { place, wrote } from '../words.ts'

/** A service that looked for another one before that listened, and did not try again. */
export const startedTooEarly: Rule = {
  id: 'started-too-early',
  title: { en: 'it started before what it needs was ready', ko: '필요한 서비스가 준비되기 전에 시작했습니다' },
  severity: 'error',
  find: (facts) => failedServices(facts).flatMap((failed) => explain(failed, facts)),
}

function explain(failed: ServiceFacts, facts: Facts): Found[] {
  const refused = failed.log.findLast((line) => refusedSign.test(line))
  const target = refused === undefined ? undefined : targetOf(failed, facts)
  if (refused === undefined || target === undefined) return []
  const { other, port } = target
  const { name } = other.service
  const waits = failed.service.dependsOn[name]?.condition === 'service_healthy'
  return [
    {
      service: failed.service.name,
      evidence: [wrote(failed.container, refused.trim()), portNow(other, port), ...(waits ? [] : [howItWaits(failed, name)])],
      cause: {
        en: `${failed.container} asked for port ${port} of ${name} before ${name} had opened it, and ended.`,
        ko: `${name} 서비스가 ${port} 포트를 열기 전에 ${failed.container} 컨테이너가 연결을 시도하고 끝났습니다.`,
      },
      fix: waits ? honestCheck(other) : waitFirst(failed, other),
    },
  ]
}

interface Target {
  readonly other: ServiceFacts
  readonly port: number
}

/** Whom it looked for: as its log says, else as its variables do. Only one that listens by now, or is still starting. */
function targetOf(failed: ServiceFacts, { services, holderOf }: Facts): Target | undefined {
  const refusal = refusalIn(failed.log)
  const asked = refusal === undefined ? mentionsOf(failed.service).filter((mention) => !isItself(mention)) : [refusal]
  for (const { host, port } of asked) {
    const container = holderOf(host)
    const other = services.find(
      (one) => one !== failed && (one.container === container || namesOf(one.service, one.container).includes(host)),
    )
    if (other !== undefined && (isOpen(other, port) || isStarting(other, port))) return { other, port }
  }
  return undefined
}

function portNow(other: ServiceFacts, port: number): Evidence {
  return isOpen(other, port)
    ? { en: `by now, ${other.container} listens on ${port}`, ko: `지금은 ${other.container} 컨테이너가 ${port} 포트를 열고 있습니다` }
    : {
        en: `${other.container} runs, and does not listen on ${port} yet`,
        ko: `${other.container} 컨테이너가 실행 중이지만 아직 ${port} 포트를 열지 않았습니다`,
      }
}

function howItWaits({ service }: ServiceFacts, other: string): Evidence {
  const at = place(service.at)
  return service.dependsOn[other] === undefined
    ? {
        en: `${at}${service.name} does not wait for ${other}`,
        ko: `${at}${service.name} 서비스에 ${other}을 기다리는 depends_on이 없습니다`,
      }
    : {
        en: `${at}${service.name} waits until ${other} has started, not until it can be used`,
        ko: `${at}${service.name} 서비스는 ${other} 서비스의 시작만 기다립니다`,
      }
}

function waitFirst({ service }: ServiceFacts, other: ServiceFacts): Fix {
  const { name } = other.service
  return {
    text: {
      en: `Wait until ${name} is healthy: depends_on with condition: service_healthy, and a health check for ${name}; or let it try again (restart: on-failure).`,
      ko: `${name} 서비스가 정상일 때까지 기다리세요(depends_on의 condition: service_healthy와 ${name} 서비스의 헬스 체크). 아니면 다시 시도하게 하세요(restart: on-failure).`,
    },
    ...waitingFor(service, other.service),
  }
}

/** While a database is set up for the first time, it answers on its own socket alone. */
function honestCheck({ service }: ServiceFacts): Fix {
  const check = databaseOf(service)?.check
  return {
    text: {
      en: `The health check of ${service.name} passes too soon: let it ask over TCP${check === undefined ? '' : `: test: ${check}`}.`,
      ko: `${service.name} 서비스의 헬스 체크가 너무 일찍 통과합니다. TCP로 확인하게 하세요${check === undefined ? '' : `: test: ${check}`}`,
    },
  }
}
