import type { Rule } from '../facts.ts'

/** A fixed `container_name` that another container has; the engine knows of which project. */
export const nameTaken: Rule = {
  id: 'name-taken',
  title: "the container's name is taken",
  titleKo: '컨테이너 이름이 이미 쓰이고 있습니다',
  find: ({ failures }) =>
    failures.flatMap(({ service, code, message, advice }) => {
      const [, name, holder] = /container name "\/(.+?)" is already in use by container "(\w{12})/.exec(message) ?? []
      if (service === undefined || code !== 'container.name-taken' || name === undefined) return []
      return [
        {
          service: service.name,
          evidence: [`container ${holder} has the name ${name} already`],
          cause: `The file fixes the name ${name} by container_name, and a name can be had once on a machine.`,
          fix: { text: advice ?? `docker rm -f ${name}, or another container_name.` },
        },
      ]
    }),
}
