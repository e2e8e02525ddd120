import type { Project, Service } from '#compose/model/model.ts'
import { isItself, mentionsOf, type Mention } from '../addresses.ts'
import { databaseOf } from '../databases.ts'
import type { Found, LintFacts } from '../rule.ts'
import { isSetTo } from '../words.ts'
import { nameInPlace } from './localhost-words.ts'

/** Known by what the services declare. */
export function localhostWritten({ project }: LintFacts): Found[] {
  return Object.values(project.services).flatMap((service) =>
    mentionsOf(service)
      .filter((mention) => isItself(mention) && !offers(service, mention) && !isForBrowsers(mention, project))
      .flatMap((mention) => explain(service, mention, project)),
  )
}

function explain(service: Service, mention: Mention, project: Project): Found[] {
  const other = Object.values(project.services).find((one) => one !== service && offers(one, mention) && share(project, service, one))
  const setting = service.environment[mention.variable]
  if (other === undefined || setting === undefined) return []
  return [
    {
      service: service.name,
      evidence: [
        isSetTo(setting.at, mention.variable, setting.value),
        {
          en: `service ${other.name} has port ${mention.port}, and ${service.name} has not`,
          ko: `${mention.port} 포트는 ${service.name} 서비스가 아니라 ${other.name} 서비스에 있습니다`,
        },
      ],
      cause: {
        en: `Inside a container, ${mention.host} is that container itself. Other services are reached by their names.`,
        ko: `컨테이너 안에서 ${mention.host}는 그 컨테이너 자신입니다. 다른 서비스는 서비스 이름으로 연결합니다.`,
      },
      fix: nameInPlace(setting, mention, other.name),
    },
  ]
}

function offers(service: Service, { port }: Mention): boolean {
  const { ports, expose } = service
  const declared = ports.some(({ target }) => target === port) || expose.some((text) => text.split('/')[0] === String(port))
  return declared || databaseOf(service)?.port === port
}

/** A page's address where the port is published: the one that a browser on this machine asks, which many a service is told to write into its pages. */
function isForBrowsers({ scheme, port }: Mention, { services }: Project): boolean {
  return /^https?$/.test(scheme ?? '') && Object.values(services).some(({ ports }) => ports.some(({ published }) => published === port))
}

/** Nothing is said of services that share a network namespace: there, localhost is the other one too. */
function share({ networks }: Project, one: Service, other: Service): boolean {
  return Object.keys(networks).some((key) => Object.hasOwn(one.networks, key) && Object.hasOwn(other.networks, key))
}
