import type { Rule } from '../facts.ts'
import { place } from '../words.ts'

/** A bind whose source isn't there, where it must not be made. */
export const bindSource: Rule = {
  id: 'bind-source-missing',
  title: 'a mounted path does not exist',
  titleKo: '마운트할 경로가 없습니다',
  find: ({ failures }) =>
    failures.flatMap(({ service, message }) => {
      const path = /bind source path does not exist: (.*)$/m.exec(message)?.[1]
      if (service === undefined || path === undefined) return []
      const mount = service.mounts.find(({ source }) => source === path)
      return [
        {
          service: service.name,
          evidence: [`${place(mount?.at)}${path} does not exist`],
          cause: `The service ${service.name} mounts ${path}, which is not there.`,
          fix: { text: `Create ${path}, or correct the path.` },
        },
      ]
    }),
}
