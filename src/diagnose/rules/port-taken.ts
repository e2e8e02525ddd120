import type { Rule } from '../facts.ts'
import { place } from '../words.ts'

/** A published port that somebody else has; the engine knows who. */
export const portTaken: Rule = {
  id: 'port-taken',
  title: 'the port is taken',
  titleKo: '포트가 이미 쓰이고 있습니다',
  find: ({ failures }) =>
    failures.flatMap(({ service, code, message }) => {
      const match = /Bind for (\S+?):(\d+) failed: port is already allocated(?: \(by (.*)\))?/.exec(message)
      if (service === undefined || (code !== 'port.taken' && match === null)) return []
      const [, , port = '', holder = 'somebody else'] = match ?? []
      const mapping = service.ports.find(({ published }) => published === Number(port))
      return [
        {
          service: service.name,
          evidence: [`${place(mapping?.at)}port ${port} of this machine is held by ${holder}`],
          cause: `The service ${service.name} publishes port ${port}, which ${holder} has already.`,
          fix: {
            text: `Stop ${holder}, or publish another port, such as ${Number(port) + 1}.`,
            ...(mapping !== undefined && {
              change: { at: mapping.at, before: `${port}:`, after: `${Number(port) + 1}:` },
            }),
          },
        },
      ]
    }),
}
