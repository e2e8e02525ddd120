import { databaseOf } from '../databases.ts'
import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A database whose data go with its container. */
export const dataOutsideVolume: Rule = {
  id: 'data-outside-volume',
  title: { en: 'the data are lost with the container', ko: '컨테이너가 없어지면 데이터도 사라집니다' },
  severity: 'warning',
  lint: ({ project }) =>
    Object.values(project.services).flatMap((service) => {
      const database = databaseOf(service)
      if (database === undefined || service.mounts.some(({ target }) => isWithin(target, database.data))) return []
      const { name, at } = service
      return [
        {
          service: name,
          evidence: [
            {
              en: `${place(at)}${name} is ${database.name}; nothing is mounted at ${database.data}`,
              ko: `${place(at)}${name} 서비스는 ${database.name}인데, ${database.data} 경로에 마운트된 볼륨이 없습니다`,
            },
          ],
          cause: {
            en: 'Its data are in a volume without a name: galley down and docker compose down -v lose them, and no other container finds them again.',
            ko: '데이터가 이름 없는 볼륨에 저장됩니다. galley down이나 docker compose down -v를 하면 잃어버리고, 다른 컨테이너가 다시 찾을 수 없습니다.',
          },
          fix: {
            text: {
              en: `Add to ${name}: volumes: ["${name}-data:${database.data}"], and ${name}-data: under the top level's volumes:.`,
              ko: `${name} 서비스에 volumes: ["${name}-data:${database.data}"]를, 최상위 volumes: 아래에 ${name}-data:를 추가하세요.`,
            },
          },
        },
      ]
    }),
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`) || directory.startsWith(`${path}/`)
}
