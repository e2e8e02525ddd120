import type { Project } from '#compose/model/model.ts'
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
      const volume = nameFor(`${name}-data`, project)
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
              en: `Add to ${name}: volumes: ["${volume}:${database.data}"], and ${volume}: under the top level's volumes:.`,
              ko: `${name} 서비스에 volumes: ["${volume}:${database.data}"]를, 최상위 volumes: 아래에 ${volume}:를 추가하세요.`,
            },
            change: {
              file: at.file,
              puts: [
                { path: ['services', name, 'volumes'], value: [`${volume}:${database.data}`] },
                { path: ['volumes', volume], value: null },
              ],
              needs: {
                en: 'Copy the data that are there first, if they matter: the new volume begins empty.',
                ko: '이미 있는 데이터가 필요하면 먼저 복사하세요. 새 볼륨은 빈 상태로 시작합니다.',
              },
            },
          },
        },
      ]
    }),
}

/** One that the project does not have yet. */
function nameFor(wanted: string, { volumes }: Pick<Project, 'volumes'>): string {
  return Object.hasOwn(volumes, wanted) ? nameFor(`${wanted}-2`, { volumes }) : wanted
}

/** What is mounted above is hidden by the volume that the image itself declares. */
function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}
