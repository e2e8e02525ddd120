import { databaseOf } from '../databases.ts'
import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

const everywhere = ['', '0.0.0.0', '::']

/** A database that the whole network may knock at. */
export const databasePublished: Rule = {
  id: 'database-published',
  title: { en: 'the database can be reached from everywhere', ko: '데이터베이스가 외부에 공개되어 있습니다' },
  severity: 'warning',
  lint: ({ project, lineAt }) =>
    Object.values(project.services).flatMap((service) => {
      const database = databaseOf(service)
      return service.ports
        .filter(({ target, hostIp }) => target === database?.port && everywhere.includes(hostIp))
        .map(({ at, target, published = target }) => {
          const written = `${published}:${target}`
          return {
            service: service.name,
            evidence: [
              {
                en: `${place(at)}port ${published} of every address of this machine leads to ${database?.name}`,
                ko: `${place(at)}이 컴퓨터의 모든 주소에서 ${published} 포트로 ${database?.name}에 연결됩니다`,
              },
            ],
            cause: {
              en: 'Published ports pass by most firewalls. Services of the project reach it by its name, without any port being published.',
              ko: '공개한 포트는 대부분의 방화벽을 거치지 않습니다. 같은 프로젝트의 서비스는 포트를 공개하지 않아도 이름으로 연결됩니다.',
            },
            fix: {
              text: {
                en: 'Publish it to this machine alone, or not at all.',
                ko: '이 컴퓨터에만 공개하거나(127.0.0.1), 아예 공개하지 마세요.',
              },
              ...(lineAt(at)?.includes(written) === true && { change: { at, before: written, after: `127.0.0.1:${written}` } }),
            },
          }
        })
    }),
}
