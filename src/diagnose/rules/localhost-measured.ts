import { isLoopback } from '#host/netns/listener.ts'
import { isItself, mentionsOf, type Mention } from '../addresses.ts'
import { failedServices, type Facts, type ServiceFacts } from '../facts.ts'
import type { Words } from '../finding.ts'
import type { Found } from '../rule.ts'
import { isSetTo, listenersText, wrote } from '../words.ts'
import { nameInPlace } from './localhost-words.ts'

/** Known by what listens inside the two containers. */
export function localhostMeasured(facts: Facts): Found[] {
  return failedServices(facts).flatMap((failed) =>
    mentionsOf(failed.service)
      .filter(isItself)
      .flatMap((mention) => explain(failed, mention, facts)),
  )
}

function explain(failed: ServiceFacts, mention: Mention, facts: Facts): Found[] {
  const { service, container, listeners, log } = failed
  if (listeners?.some(({ port }) => port === mention.port) === true) return []
  const other = facts.services.find(
    (candidate) => candidate !== failed && offers(candidate, mention.port) && shared(failed, candidate).length > 0,
  )
  const setting = service.environment[mention.variable]
  if (other === undefined || setting === undefined) return []
  const network = shared(failed, other).map((key) => facts.project.networks[key]?.name ?? key)
  return [
    {
      service: service.name,
      evidence: [
        isSetTo(setting.at, mention.variable, setting.value),
        ...(listeners === undefined ? [] : [nothingThere(container, mention, listenersText(listeners))]),
        whereItIs(other, mention.port, network.join(', ')),
        ...refusals(log).map((line) => wrote(container, line)),
      ],
      cause: {
        en: `${container} looks for port ${mention.port} on ${mention.host}, which inside a container is that container itself. Other services are reached by their names.`,
        ko: `${container} 컨테이너가 ${mention.port} 포트를 ${mention.host}에서 찾는데, 컨테이너 안에서 ${mention.host}는 그 컨테이너 자신입니다. 다른 서비스는 서비스 이름으로 연결합니다.`,
      },
      fix: nameInPlace(setting, mention, other.service.name),
    },
  ]
}

function nothingThere(container: string, { host, port }: Mention, seen: Words): Words {
  return {
    en: `inside ${container}, while it ran, nothing listened on ${host}:${port} (${seen.en})`,
    ko: `${container} 컨테이너가 실행되는 동안 그 안에서 ${host}:${port} 주소를 연 프로그램이 없었습니다(${seen.ko})`,
  }
}

function whereItIs(other: ServiceFacts, port: number, network: string): Words {
  const { name } = other.service
  return listens(other, port)
    ? {
        en: `service ${name} listens on port ${port}; both are on the network ${network}`,
        ko: `${name} 서비스가 ${port} 포트를 열고 있고, 두 서비스 모두 ${network} 네트워크에 있습니다`,
      }
    : {
        en: `service ${name} declares port ${port}; both are on the network ${network}`,
        ko: `${name} 서비스가 ${port} 포트를 선언했고, 두 서비스 모두 ${network} 네트워크에 있습니다`,
      }
}

function offers(candidate: ServiceFacts, port: number): boolean {
  const { ports, expose } = candidate.service
  return (
    listens(candidate, port) || ports.some(({ target }) => target === port) || expose.some((text) => text.split('/')[0] === String(port))
  )
}

function listens({ listeners }: ServiceFacts, port: number): boolean {
  return listeners?.some((listener) => listener.port === port && !isLoopback(listener)) === true
}

function shared(one: ServiceFacts, other: ServiceFacts): string[] {
  return Object.keys(one.service.networks).filter((key) => Object.hasOwn(other.service.networks, key))
}

function refusals(log: readonly string[]): string[] {
  return log
    .filter((line) => /connection refused|ECONNREFUSED|communications link failure|could not connect|can't connect/i.test(line))
    .slice(-1)
}
