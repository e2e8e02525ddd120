import { isLoopback } from '#host/netns/listener.ts'
import type { PortMapping } from '#compose/model/model.ts'
import { failedServices, type ServiceFacts } from '../facts.ts'
import type { Words } from '../finding.ts'
import type { Found, Rule } from '../rule.ts'
import { listenersText, place } from '../words.ts'

/** A published port behind which nothing listens, or only for the container itself. */
export const notListening: Rule = {
  id: 'published-port-not-listened-on',
  title: { en: 'nothing answers behind the published port', ko: '공개한 포트에서 응답하는 프로그램이 없습니다' },
  severity: 'error',
  find: (facts) => failedServices(facts).flatMap(silentPorts),
}

function silentPorts(failed: ServiceFacts): Found[] {
  const { service, listeners = [], ends } = failed
  if (listeners.length === 0 || ends > 0) return []
  const open = listeners.filter((listener) => !isLoopback(listener))
  return service.ports
    .filter(({ protocol, target }) => protocol === 'tcp' && !open.some(({ port }) => port === target))
    .map((port) => explain(failed, port))
}

function explain({ service, container, listeners = [] }: ServiceFacts, { at, target, published }: PortMapping): Found {
  const onlyInside = listeners.some(({ port }) => port === target)
  const other = listeners.find((listener) => !isLoopback(listener))?.port
  const seen = listenersText(listeners)
  return {
    service: service.name,
    evidence: [
      {
        en: `${place(at)}port ${target} of ${container} is published`,
        ko: `${place(at)}${container} 컨테이너의 ${target} 포트를 공개합니다`,
      },
      { en: `inside ${container}, ${seen.en}`, ko: `${container} 컨테이너 안: ${seen.ko}` },
    ],
    cause: onlyInside
      ? {
          en: `The program listens on port ${target} for ${container} itself only; connections from outside arrive at another address.`,
          ko: `프로그램이 ${target} 포트를 컨테이너 자신(loopback)에게만 열어 두었습니다. 밖에서 오는 연결은 다른 주소로 들어옵니다.`,
        }
      : {
          en: `Nothing listens on port ${target} inside ${container}.`,
          ko: `${container} 컨테이너 안에서 ${target} 포트를 여는 프로그램이 없습니다.`,
        },
    fix: { text: onlyInside ? everywhere : rightPort(target, other, published) },
  }
}

const everywhere: Words = {
  en: 'Make the program listen on 0.0.0.0 (often --host 0.0.0.0, or HOST=0.0.0.0).',
  ko: '프로그램이 0.0.0.0에서 요청을 받도록 설정하세요(보통 --host 0.0.0.0 또는 HOST=0.0.0.0).',
}

function rightPort(target: number, other: number | undefined, published: number | undefined): Words {
  if (other === undefined) return { en: `Make the program listen on port ${target}.`, ko: `프로그램이 ${target} 포트를 열도록 설정하세요.` }
  const mapping = `${published ?? other}:${other}`
  return {
    en: `Publish the port that the program listens on: ${mapping}.`,
    ko: `프로그램이 실제로 여는 포트를 공개하세요: ${mapping}.`,
  }
}
