import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A bind whose source isn't there, where it must not be made. */
export const bindSource: Rule = {
  id: 'bind-source-missing',
  title: { en: 'a mounted path does not exist', ko: '마운트할 경로가 없습니다' },
  severity: 'error',
  find: ({ failures }) =>
    failures.flatMap(({ service, message }) => {
      const path = /bind source path does not exist: (.*)$/m.exec(message)?.[1]
      if (service === undefined || path === undefined) return []
      const at = place(service.mounts.find(({ source }) => source === path)?.at)
      return [
        {
          service: service.name,
          evidence: [{ en: `${at}${path} does not exist`, ko: `${at}${path} 경로가 없습니다` }],
          cause: {
            en: `The service ${service.name} mounts ${path}, which is not there.`,
            ko: `${service.name} 서비스가 마운트하는 ${path} 경로가 이 컴퓨터에 없습니다.`,
          },
          fix: { text: { en: `Create ${path}, or correct the path.`, ko: `${path} 경로를 만들거나, 적힌 경로를 고치세요.` } },
        },
      ]
    }),
}
