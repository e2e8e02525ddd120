import type { Rule } from '../rule.ts'
import { same } from '../words.ts'

/** A fixed `container_name` that another container has; the engine knows of which project. */
export const nameTaken: Rule = {
  id: 'name-taken',
  title: { en: "the container's name is taken", ko: '컨테이너 이름이 이미 쓰이고 있습니다' },
  severity: 'error',
  find: ({ failures }) =>
    failures.flatMap(({ service, code, message, advice }) => {
      const [, name, holder] = /container name "\/(.+?)" is already in use by container "(\w{12})/.exec(message) ?? []
      if (service === undefined || code !== 'container.name-taken' || name === undefined) return []
      return [
        {
          service: service.name,
          evidence: [
            {
              en: `container ${holder} has the name ${name} already`,
              ko: `${name} 이름을 ${holder} 컨테이너가 이미 쓰고 있습니다`,
            },
          ],
          cause: {
            en: `The file fixes the name ${name} by container_name, and a name can be had once on a machine.`,
            ko: `파일에 container_name: ${name} 설정이 있는데, 한 컴퓨터에서 같은 이름은 한 컨테이너만 쓸 수 있습니다.`,
          },
          fix: {
            text:
              advice === undefined
                ? {
                    en: `docker rm -f ${name}, or another container_name.`,
                    ko: `docker rm -f ${name} 명령으로 지우거나, 다른 container_name을 쓰세요.`,
                  }
                : same(advice),
          },
        },
      ]
    }),
}
