import { isLoopback } from '#host/netns/listener.ts'
import { failedServices, type Facts, type Rule, type ServiceFacts } from '../facts.ts'
import { listenersText, quoted, place } from '../words.ts'

/** The port that a URL's scheme, or a variable's name, means when it names none. */
const usualPorts: Readonly<Record<string, number>> = {
  mysql: 3306,
  mariadb: 3306,
  postgres: 5432,
  postgresql: 5432,
  pg: 5432,
  redis: 6379,
  mongodb: 27017,
  mongo: 27017,
  amqp: 5672,
  rabbitmq: 5672,
  http: 80,
  https: 443,
}

interface Mention {
  readonly variable: string
  /** As it is written: `localhost:3306`. */
  readonly text: string
  readonly host: string
  readonly port: number
}

/** Another service's address written as localhost: inside a container that is the container itself. */
export const localhost: Rule = {
  id: 'localhost-for-another-service',
  title: 'localhost inside a container is the container itself',
  find: (facts) => failedServices(facts).flatMap((failed) => mentionsOf(failed).flatMap((mention) => explain(failed, mention, facts))),
}

function mentionsOf({ service: { environment } }: ServiceFacts): Mention[] {
  return Object.entries(environment).flatMap(([variable, { value }]) => {
    const pattern = /(?:\b([a-z][a-z0-9+.:-]*):\/\/)?(?:[^\s@/]*@)?(localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?(?![\w.-])/gi
    return [...value.matchAll(pattern)].flatMap(([, scheme, host = '', port]) => {
      const number = Number(port ?? usualPorts[scheme?.split(':').at(-1)?.toLowerCase() ?? ''] ?? portBeside(variable, environment))
      return number > 0 ? [{ variable, text: port === undefined ? host : `${host}:${port}`, host, port: number }] : []
    })
  })
}

/** `DB_HOST` has its port in `DB_PORT`, or says in its name what it is the host of. */
function portBeside(variable: string, environment: ServiceFacts['service']['environment']): number {
  const stem = /^(.*?)_?(?:HOST|HOSTNAME|SERVER|ADDRESS|ADDR)$/i.exec(variable)?.[1]
  if (stem === undefined) return 0
  const beside = environment[`${stem}_PORT`]?.value ?? environment[`${stem.toLowerCase()}_port`]?.value
  return Number(beside ?? usualPorts[stem.toLowerCase()] ?? 0)
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
