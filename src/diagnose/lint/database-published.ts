import { databaseOf } from '../databases.ts'
import { place } from '../words.ts'
import type { LintRule } from './lint-facts.ts'

const everywhere = ['', '0.0.0.0', '::']

/** A database that the whole network may knock at. */
export const databasePublished: LintRule = {
  id: 'database-published',
  title: 'the database can be reached from everywhere',
  titleKo: '데이터베이스가 외부에 공개되어 있습니다',
  severity: 'warning',
  find: ({ project, lineAt }) =>
    Object.values(project.services).flatMap((service) => {
      const database = databaseOf(service)
      return service.ports
        .filter(({ target, hostIp }) => target === database?.port && everywhere.includes(hostIp))
        .map(({ at, target, published = target }) => {
          const written = `${published}:${target}`
          return {
            service: service.name,
            evidence: [`${place(at)}port ${published} of every address of this machine leads to ${database?.name}`],
            cause:
              'Published ports pass by most firewalls. Services of the project reach it by its name, without any port being published.',
            fix: {
              text: `Publish it to this machine alone, or not at all.`,
              ...(lineAt(at)?.includes(written) === true && { change: { at, before: written, after: `127.0.0.1:${written}` } }),
            },
          }
        })
    }),
}
