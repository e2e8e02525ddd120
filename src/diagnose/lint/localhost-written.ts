import type { Project, Service } from '#compose/model/model.ts'
import { isItself, mentionsOf, type Mention } from '../addresses.ts'
import { databaseOf } from '../databases.ts'
import { place, quoted } from '../words.ts'
import type { LintRule } from './lint-facts.ts'

/** Another service's address written as localhost. */
export const localhostWritten: LintRule = {
  id: 'localhost-for-another-service',
  title: 'localhost inside a container is the container itself',
  titleKo: '컨테이너 안의 localhost는 그 컨테이너 자신입니다',
  severity: 'error',
  find: ({ project }) =>
    Object.values(project.services).flatMap((service) =>
      mentionsOf(service)
        .filter((mention) => isItself(mention) && !offers(service, mention))
        .flatMap((mention) => {
          const other = Object.values(project.services).find(
            (one) => one !== service && offers(one, mention) && share(project, service, one),
          )
          const setting = service.environment[mention.variable]
          if (other === undefined || setting === undefined) return []
          const name = mention.text.replace(mention.host, other.name)
          return [
            {
              service: service.name,
              evidence: [
                `${place(setting.at)}${mention.variable} is ${quoted(setting.value)}`,
                `service ${other.name} has port ${mention.port}, and ${service.name} has not`,
              ],
              cause: `Inside a container, ${mention.host} is that container itself. Other services are reached by their names.`,
              fix: {
                text: `Use the service's name: ${mention.text} becomes ${name}.`,
                ...(setting.at !== undefined && {
                  change: { at: setting.at, before: setting.value, after: setting.value.replace(mention.text, name) },
                }),
              },
            },
          ]
        }),
    ),
}

function offers(service: Service, { port }: Mention): boolean {
  const { ports, expose } = service
  const declared = ports.some(({ target }) => target === port) || expose.some((text) => text.split('/')[0] === String(port))
  return declared || databaseOf(service)?.port === port
}

/** Nothing is said of services that share a network namespace: there, localhost is the other one too. */
function share({ networks }: Project, one: Service, other: Service): boolean {
  return Object.keys(networks).some((key) => Object.hasOwn(one.networks, key) && Object.hasOwn(other.networks, key))
}
