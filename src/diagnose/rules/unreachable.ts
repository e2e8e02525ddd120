import { nearest } from '#base/nearest.ts'
import { isLoopback } from '#host/netns/listener.ts'
import { isItself, mentionsOf, type Mention } from '../addresses.ts'
import { failedServices, type Facts, type Rule, type ServiceFacts } from '../facts.ts'
import { listenersText, place, quoted } from '../words.ts'

/** Why a service that another one is told to reach can't be reached: the first step of the way that is missing. */
export const unreachable: Rule = {
  id: 'service-unreachable',
  title: 'another service can not be reached',
  titleKo: '다른 서비스에 연결할 수 없습니다',
  find: (facts) =>
    failedServices(facts).flatMap((failed) =>
      mentionsOf(failed.service)
        .filter((mention) => !isItself(mention))
        .flatMap((mention) => explain(failed, mention, facts)),
    ),
}

interface Broken {
  readonly evidence: string
  readonly cause: string
  readonly fix: string
}

function explain(failed: ServiceFacts, mention: Mention, facts: Facts): ReturnType<Rule['find']> {
  const broken = ladder(failed, mention, facts)
  const { service, log, container } = failed
  const setting = service.environment[mention.variable]
  if (broken === undefined || setting === undefined) return []
  const said = log.findLast((line) =>
    /unknown host|name or service not known|ENOTFOUND|EAI_AGAIN|refused|timed? ?out|no route|unreachable|communications link/i.test(line),
  )
  return [
    {
      service: service.name,
      evidence: [
        `${place(setting.at)}${mention.variable} is ${quoted(setting.value)}`,
        broken.evidence,
        ...(said === undefined ? [] : [`${container} wrote: ${said}`]),
      ],
      cause: broken.cause,
      fix: { text: broken.fix },
    },
  ]
}

/** Name, network, process, port: each as the engine and the kernel know it now. */
function ladder(failed: ServiceFacts, { host, port }: Mention, { project, services }: Facts): Broken | undefined {
  const other = services.find(({ service, container }) => namesOf(service, container).includes(host))
  if (other === undefined) return unknownName(failed, host, services)
  if (other === failed) return undefined
  const common = Object.keys(failed.service.networks).filter((key) => Object.hasOwn(other.service.networks, key))
  const name = other.service.name
  if (common.length === 0)
    return {
      evidence: `${failed.service.name} is on ${networksText(failed)}, ${name} on ${networksText(other)}`,
      cause: `The two share no network, so that ${host} can be neither found nor reached.`,
      fix: `Put both on one network (networks: in the service).`,
    }
  if (other.state === 'failed')
    return {
      evidence: `${other.container} ${other.text}`,
      cause: `${name} is not up itself; what fails there comes first.`,
      fix: `Mend ${name} first: galley why ${name}`,
    }
  const open = other.listeners
  if (open === undefined || open.some((listener) => listener.port === port && !isLoopback(listener))) return undefined
  const onlyInside = open.some((listener) => listener.port === port)
  return {
    evidence: `inside ${other.container}, ${listenersText(open)}; both are on the network ${project.networks[common[0] ?? '']?.name ?? common[0]}`,
    cause: onlyInside
      ? `${name} listens on port ${port} for itself only; connections from other containers are refused.`
      : `Nothing listens on port ${port} of ${name}; connections are refused.`,
    fix: onlyInside
      ? `Make ${name} listen on 0.0.0.0.`
      : `Correct the port: inside the network, it is the container's own port, not the published one.`,
  }
}

/** A word without a dot that is no name of the project: nothing resolves it. */
function unknownName({ log }: ServiceFacts, host: string, services: readonly ServiceFacts[]): Broken | undefined {
  const unresolved = log.some(
    (line) => line.includes(host) && /unknown ?host|not known|ENOTFOUND|EAI_AGAIN|could not translate|no such host|bad address/i.test(line),
  )
  if (host.includes('.') || !unresolved) return undefined
  const names = services.map(({ service }) => service.name)
  const meant = nearest(host, names)
  return {
    evidence: `no service of the project is called ${host}; there are ${names.join(', ')}`,
    cause: `The name ${host} can't be resolved inside the container.`,
    fix: meant === undefined ? 'Use the name of a service.' : `Did you mean ${meant}?`,
  }
}

function namesOf(service: ServiceFacts['service'], container: string): string[] {
  const aliases = Object.values(service.networks).flatMap((attachment) => attachment.aliases)
  return [service.name, container, service.hostname ?? '', ...aliases]
}

function networksText({ service }: ServiceFacts): string {
  const names = Object.keys(service.networks)
  return names.length === 0 ? 'no network' : names.join(', ')
}
