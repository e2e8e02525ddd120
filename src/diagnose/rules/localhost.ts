import { isLoopback } from '#host/netns/listener.ts'
import { isItself, mentionsOf, type Mention } from '../addresses.ts'
import { failedServices, type Facts, type Rule, type ServiceFacts } from '../facts.ts'
import { listenersText, quoted, place } from '../words.ts'

/** Another service's address written as localhost: inside a container that is the container itself. */
export const localhost: Rule = {
  id: 'localhost-for-another-service',
  title: 'localhost inside a container is the container itself',
  titleKo: '컨테이너 안의 localhost는 그 컨테이너 자신입니다',
  find: (facts) =>
    failedServices(facts).flatMap((failed) =>
      mentionsOf(failed.service)
        .filter(isItself)
        .flatMap((mention) => explain(failed, mention, facts)),
    ),
}

function explain(failed: ServiceFacts, mention: Mention, facts: Facts): ReturnType<Rule['find']> {
  const { service, container, listeners, log } = failed
  if (listeners?.some(({ port }) => port === mention.port) === true) return []
  const other = facts.services.find(
    (candidate) => candidate !== failed && offers(candidate, mention.port) && shared(failed, candidate).length > 0,
  )
  if (other === undefined) return []
  const setting = service.environment[mention.variable]
  if (setting === undefined) return []
  const after = setting.value.replace(mention.text, mention.text.replace(mention.host, other.service.name))
  const network = shared(failed, other).map((key) => facts.project.networks[key]?.name ?? key)
  return [
    {
      service: service.name,
      evidence: [
        `${place(setting.at)}${mention.variable} is ${quoted(setting.value)}`,
        ...(listeners === undefined
          ? []
          : [`inside ${container}, while it ran, nothing listened on ${mention.host}:${mention.port} (${listenersText(listeners)})`]),
        listens(other, mention.port)
          ? `service ${other.service.name} listens on port ${mention.port}; both are on the network ${network.join(', ')}`
          : `service ${other.service.name} declares port ${mention.port}; both are on the network ${network.join(', ')}`,
        ...refusals(log).map((line) => `${container} wrote: ${line}`),
      ],
      cause: `${container} looks for port ${mention.port} on ${mention.host}, which inside a container is that container itself. Other services are reached by their names.`,
      fix: {
        text: `Use the service's name: ${mention.text} becomes ${mention.text.replace(mention.host, other.service.name)}.`,
        ...(setting.at !== undefined && { change: { at: setting.at, before: setting.value, after } }),
      },
    },
  ]
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
