import { nearest } from '#base/nearest.ts'
import { isLoopback } from '#host/netns/listener.ts'
import { isItself, mentionsOf, type Mention } from '../addresses.ts'
import { doubtedServices, type Facts, type ServiceFacts } from '../facts.ts'
import type { Words } from '../finding.ts'
import { wayText, type WayGone } from '../ladder/ways.ts'
import { namesOf } from '../names.ts'
import { isStarting } from '../starting.ts'
import type { Found, Rule } from '../rule.ts'
import { nameInPlace } from './localhost-words.ts'
import { ended, isSetTo, listenersText, same, wrote } from '../words.ts'

/** Why a service that another one is told to reach can't be reached: the first step of the way that is missing. */
export const unreachable: Rule = {
  id: 'service-unreachable',
  title: { en: 'another service can not be reached', ko: '다른 서비스에 연결할 수 없습니다' },
  severity: 'error',
  find: (facts) =>
    doubtedServices(facts).flatMap((failed) => {
      const mentions = mentionsOf(failed.service).filter((mention) => !isItself(mention))
      const found = mentions.flatMap((mention) => explain(failed, mention, facts))
      return found.length > 0 ? found : unresolved(failed, facts)
    }),
}

const nameSigns = [
  /bad address '([^':]+)/,
  /(?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)/,
  /could not resolve host:? '?([\w.-]+)/i,
  /could not translate host name "([^"]+)"/,
  /UnknownHostException: ([\w.-]+)/,
  /lookup ([\w.-]+)(?: on [\d.:]+)?: no such host/,
  /host not found in upstream "([\w.-]+?)(?::\d+)?"/,
  /connecting to ([\w.-]+):\d+\. (?:Name or service not known|Temporary failure)/,
  /getaddrinfo (?:for )?([\w.-]+) failed/,
  /Unknown (?:MySQL )?server host '([^']+)'/i,
  /Could not connect to (?:Redis|server) at ([\w.-]+):\d+: (?:Name|Temporary)/i,
]

/** The resolver's own words, which leave the name out. */
const namelessSign = /name or service not known|name does not resolve|temporary failure in name resolution|nodename nor servname/i

/** A name that no variable holds, which the program asked for in vain. */
function unresolved({ service, container, log }: ServiceFacts, { services, project }: Facts): Found[] {
  for (const line of log.toReversed()) {
    const host = nameSigns.map((sign) => sign.exec(line)?.[1]).find((name) => name !== undefined)
    if (host === undefined) continue
    const names = services.map((one) => one.service.name).filter((name) => name !== service.name)
    const meant = host.includes('.') ? undefined : nearest(host, names)
    const closed = Object.keys(service.networks).every((key) => project.networks[key]?.internal === true)
    return [
      {
        service: service.name,
        evidence: [wrote(container, line)],
        cause: {
          en: `Nobody whom ${container} can ask knows the name ${host}: it is no service on its networks${closed ? ', and these are internal, so that nothing outside is asked' : ', and the DNS servers of this machine do not have it'}.`,
          ko: `${container} 컨테이너가 물어볼 수 있는 곳 어디에도 ${host} 이름이 없습니다. 같은 네트워크의 서비스가 아니고, ${closed ? '내부(internal) 네트워크라서 밖의 DNS에는 묻지 않습니다' : '이 컴퓨터의 DNS 서버에도 없습니다'}.`,
        },
        fix: {
          text:
            meant === undefined
              ? {
                  en: `Look it up on this machine: getent hosts ${host}. Services are called by the names in the file.`,
                  ko: `이 컴퓨터에서 확인해 보세요: getent hosts ${host}. 서비스는 파일에 적힌 이름으로 부릅니다.`,
                }
              : { en: `Did you mean ${meant}?`, ko: `혹시 ${meant} 서비스인가요?` },
        },
      },
    ]
  }
  return []
}

interface Broken {
  readonly evidence: Words
  readonly cause: Words
  readonly fix: Words
  /** The service whose name should stand there. */
  readonly meant?: string
}

function explain(failed: ServiceFacts, mention: Mention, facts: Facts): Found[] {
  const { service, log, container, ways } = failed
  const way = ways.find((one) => one.mention.variable === mention.variable && one.mention.text === mention.text)
  // One that is still starting is another rule's.
  const target = facts.services.find((other) => namesOf(other.service, other.container).includes(mention.host))
  if (target !== undefined && isStarting(target, mention.port)) return []
  // What works is not explained, whatever the engine may think of it.
  if (way !== undefined && ['login', 'database', 'top'].includes(way.rung)) return []
  const broken = ladder(failed, mention, facts) ?? (way && measured(way))
  const setting = service.environment[mention.variable]
  if (broken === undefined || setting === undefined) return []
  const said = log.findLast((line) =>
    /unknown host|name or service not known|in name resolution|ENOTFOUND|EAI_AGAIN|refused|timed? ?out|no route|unreachable|communications link/i.test(
      line,
    ),
  )
  return [
    {
      service: service.name,
      evidence: [
        isSetTo(setting.at, mention.variable, setting.value),
        broken.evidence,
        ...(way === undefined || broken.evidence.en === wayText(way).en ? [] : [wayText(way)]),
        ...(said === undefined ? [] : [wrote(container, said)]),
      ],
      cause: broken.cause,
      fix: broken.meant === undefined ? { text: broken.fix } : { ...nameInPlace(setting, mention, broken.meant), text: broken.fix },
    },
  ]
}

/** Name, network, process, port: each as the engine and the kernel know it now. */
function ladder(failed: ServiceFacts, { host, port }: Mention, { project, services }: Facts): Broken | undefined {
  const other = services.find(({ service, container }) => namesOf(service, container).includes(host))
  if (other === undefined) return unknownName(failed, { host, port }, services)
  if (other === failed) return undefined
  const [common] = Object.keys(failed.service.networks).filter((key) => Object.hasOwn(other.service.networks, key))
  if (common === undefined) return apart(failed, other, host)
  if (other.state === 'failed') return failedItself(other)
  const open = other.listeners
  if (open === undefined || open.some((listener) => listener.port === port && !isLoopback(listener))) return undefined
  return refused(other, port, project.networks[common]?.name ?? common)
}

/** The way was gone, and broke. */
function measured(way: WayGone): Broken | undefined {
  const { rung, host, port, from } = way
  const evidence = wayText(way)
  if (rung === 'name')
    return {
      evidence,
      cause: { en: `The name ${host} is not known inside ${from}.`, ko: `${from} 컨테이너 안에서 ${host} 이름의 주소를 찾을 수 없습니다.` },
      fix: {
        en: 'Use the name of a service on the same network, or a name that this network’s DNS knows.',
        ko: '같은 네트워크에 있는 서비스의 이름이나, DNS에 등록된 이름을 쓰세요.',
      },
    }
  if (rung === 'route')
    return {
      evidence,
      cause: {
        en: `Nothing comes back from ${host}: there is no way there from the networks of ${from}, or the server hangs.`,
        ko: `${host}에서 응답이 없습니다. ${from} 컨테이너의 네트워크에서 갈 수 없는 주소이거나, 서버가 멈춰 있습니다.`,
      },
      fix: {
        en: 'Put both on one network and use the service’s name in place of an address; see whether it is paused (docker ps).',
        ko: '두 서비스를 같은 네트워크에 두고 주소 대신 서비스 이름을 쓰세요. 일시 정지된 컨테이너가 아닌지도 확인하세요(docker ps).',
      },
    }
  return {
    evidence,
    cause: {
      en: `${host} is reached, but no database can be used on port ${port}: none listens there, or it is not ready yet.`,
      ko: `${host}까지는 연결되지만 ${port} 포트에서 쓸 수 있는 데이터베이스가 없습니다. 열려 있지 않거나 아직 준비되지 않았습니다.`,
    },
    fix: {
      en: 'Correct the port, or wait for the database: a health check, and depends_on with condition: service_healthy.',
      ko: '포트를 고치거나, 데이터베이스가 준비될 때까지 기다리세요(헬스 체크와 depends_on의 condition: service_healthy).',
    },
  }
}

/** A word without a dot that is no name of the project: nothing resolves it. */
function unknownName(
  failed: ServiceFacts,
  { host, port }: Pick<Mention, 'host' | 'port'>,
  services: readonly ServiceFacts[],
): Broken | undefined {
  const unresolved = failed.log.some(
    (line) =>
      (line.includes(host) && /unknown ?host|not known|ENOTFOUND|EAI_AGAIN|could not translate|no such host|bad address/i.test(line)) ||
      (namelessSign.test(line) && !nameSigns.some((sign) => sign.test(line))),
  )
  if (host.includes('.') || !unresolved) return undefined
  const others = services.filter((one) => one.service.name !== failed.service.name)
  const names = [...new Set(others.map(({ service }) => service.name))]
  const listening = others.filter(({ listeners = [] }) => listeners.some((listener) => listener.port === port))
  const meant = nearest(host, names) ?? (listening.length === 1 ? listening[0]?.service.name : undefined)
  const list = names.join(', ')
  return {
    evidence: {
      en: `no service of the project is called ${host}${names.length === 0 ? '' : `; there ${names.length === 1 ? 'is' : 'are'} ${list}`}`,
      ko: `프로젝트에 ${host} 서비스가 없습니다${names.length === 0 ? '' : `. 있는 서비스: ${list}`}`,
    },
    cause: {
      en: `The name ${host} can't be resolved inside the container.`,
      ko: `컨테이너 안에서 ${host} 이름의 주소를 찾을 수 없습니다.`,
    },
    ...(meant !== undefined && { meant }),
    fix:
      meant === undefined
        ? {
            en: 'Use the name of a service that is on the same network, or a name that this machine can resolve.',
            ko: '같은 네트워크에 있는 서비스의 이름이나 이 컴퓨터가 찾을 수 있는 이름을 쓰세요.',
          }
        : { en: `Did you mean ${meant}?`, ko: `혹시 ${meant} 서비스인가요?` },
  }
}

function apart(failed: ServiceFacts, other: ServiceFacts, host: string): Broken {
  const [one, two] = [failed.service.name, other.service.name]
  const [here, there] = [networksText(failed), networksText(other)]
  return {
    evidence: {
      en: `${one} is on ${here.en}, ${two} on ${there.en}`,
      ko: `${one} 서비스의 네트워크: ${here.ko}. ${two} 서비스의 네트워크: ${there.ko}`,
    },
    cause: {
      en: `The two share no network, so that ${host} can be neither found nor reached.`,
      ko: `두 서비스가 함께 속한 네트워크가 없어서 ${host} 이름을 찾을 수도, 연결할 수도 없습니다.`,
    },
    fix: {
      en: 'Put both on one network (networks: in the service).',
      ko: '두 서비스를 같은 네트워크에 두세요(서비스의 networks:).',
    },
  }
}

function failedItself({ service: { name }, container, text }: ServiceFacts): Broken {
  return {
    evidence: ended(container, text),
    cause: {
      en: `${name} is not up itself; what fails there comes first.`,
      ko: `${name} 서비스가 먼저 실패했습니다. 그쪽 문제부터 해결해야 합니다.`,
    },
    fix: { en: `Mend ${name} first: galley why ${name}`, ko: `${name} 서비스부터 고치세요: galley why ${name}` },
  }
}

function refused({ service: { name }, container, listeners = [] }: ServiceFacts, port: number, network: string): Broken {
  const onlyInside = listeners.some((listener) => listener.port === port)
  const seen = listenersText(listeners)
  return {
    evidence: {
      en: `inside ${container}, ${seen.en}; both are on the network ${network}`,
      ko: `${container} 컨테이너 안: ${seen.ko}. 두 서비스 모두 ${network} 네트워크에 있습니다`,
    },
    cause: onlyInside
      ? {
          en: `${name} listens on port ${port} for itself only; connections from other containers are refused.`,
          ko: `${name} 서비스가 ${port} 포트를 자기 자신(loopback)에게만 열어 두어, 다른 컨테이너의 연결이 거부됩니다.`,
        }
      : {
          en: `Nothing listens on port ${port} of ${name}; connections are refused.`,
          ko: `${name} 서비스에서 ${port} 포트를 여는 프로그램이 없어 연결이 거부됩니다.`,
        },
    fix: onlyInside
      ? { en: `Make ${name} listen on 0.0.0.0.`, ko: `${name} 서비스의 프로그램이 0.0.0.0에서 요청을 받게 하세요.` }
      : {
          en: `Correct the port: inside the network, it is the container's own port, not the published one.`,
          ko: '포트를 고치세요. 네트워크 안에서는 공개한 포트가 아니라 컨테이너 자신의 포트를 씁니다.',
        },
  }
}

function networksText({ service }: ServiceFacts): Words {
  const names = Object.keys(service.networks)
  return names.length === 0 ? { en: 'no network', ko: '없음' } : same(names.join(', '))
}
