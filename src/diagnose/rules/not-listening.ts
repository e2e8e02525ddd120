import { isLoopback } from '#host/netns/listener.ts'
import { failedServices, type Rule } from '../facts.ts'
import { listenersText, place } from '../words.ts'

/** A published port behind which nothing listens, or only for the container itself. */
export const notListening: Rule = {
  id: 'published-port-not-listened-on',
  title: 'nothing answers behind the published port',
  titleKo: '공개한 포트에서 응답하는 프로그램이 없습니다',
  find: (facts) =>
    failedServices(facts).flatMap(({ service, container, listeners, ends }) => {
      const ports = service.ports.filter(({ protocol }) => protocol === 'tcp')
      if (ports.length === 0 || listeners === undefined || listeners.length === 0 || ends > 0) return []
      const open = listeners.filter((listener) => !isLoopback(listener))
      return ports
        .filter(({ target }) => !open.some(({ port }) => port === target))
        .map((port) => {
          const local = listeners.some((listener) => listener.port === port.target)
          const other = open[0]?.port
          return {
            service: service.name,
            evidence: [
              `${place(port.at)}port ${port.target} of ${container} is published`,
              `inside ${container}, ${listenersText(listeners)}`,
            ],
            cause: local
              ? `The program listens on port ${port.target} for ${container} itself only; connections from outside arrive at another address.`
              : `Nothing listens on port ${port.target} inside ${container}.`,
            fix: {
              text: local
                ? 'Make the program listen on 0.0.0.0.'
                : other === undefined
                  ? `Make the program listen on port ${port.target}.`
                  : `Publish the port that the program listens on: ${port.published ?? other}:${other}.`,
            },
          }
        })
    }),
}
