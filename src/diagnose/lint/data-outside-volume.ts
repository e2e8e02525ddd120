import { databaseOf } from '../databases.ts'
import { place } from '../words.ts'
import type { LintRule } from './lint-facts.ts'

/** A database whose data go with its container. */
export const dataOutsideVolume: LintRule = {
  id: 'data-outside-volume',
  title: 'the data are lost with the container',
  titleKo: '컨테이너가 없어지면 데이터도 사라집니다',
  severity: 'warning',
  find: ({ project }) =>
    Object.values(project.services).flatMap((service) => {
      const database = databaseOf(service)
      if (database === undefined || service.mounts.some(({ target }) => isWithin(target, database.data))) return []
      return [
        {
          service: service.name,
          evidence: [`${place(service.at)}${service.name} is ${database.name}; nothing is mounted at ${database.data}`],
          cause:
            'Its data are in a volume without a name: galley down and docker compose down -v lose them, and no other container finds them again.',
          fix: {
            text: `Add to ${service.name}: volumes: ["${service.name}-data:${database.data}"], and ${service.name}-data: under the top level's volumes:.`,
          },
        },
      ]
    }),
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`) || directory.startsWith(`${path}/`)
}
