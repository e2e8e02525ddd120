import type { PortMapping, Project, Service } from '#compose/model/model.ts'
import { containerName } from '#compose/plan/container.ts'
import type { Found, Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A published port that somebody else has; the engine knows who. */
export const portTaken: Rule = {
  id: 'port-taken',
  title: { en: 'the port is taken', ko: '포트가 이미 쓰이고 있습니다' },
  severity: 'error',
  find: ({ failures, project }) =>
    failures.flatMap(({ service, subject, code, message }) => {
      const match = /Bind for (\S+?):(\d+) failed: port is already allocated(?: \(by (.*)\))?/.exec(message)
      if (service === undefined || (code !== 'port.taken' && match === null)) return []
      const [, , port = '', holder] = match ?? []
      const mapping = service.ports.find(({ published }) => published === Number(port))
      const [who, whoKo] = [holder ?? 'somebody else', inKorean(holder)]
      const next = Number(port) + 1
      const count = Math.max(service.replicas ?? service.deploy?.replicas ?? 1, scaledTo({ project, service, subject, holder }))
      if (count > 1 && mapping !== undefined) return [oneForMany(service, mapping, count)]
      return [
        {
          service: service.name,
          evidence: [
            {
              en: `${place(mapping?.at)}port ${port} of this machine is held by ${who}`,
              ko: `${place(mapping?.at)}이 컴퓨터의 ${port} 포트를 쓰는 쪽: ${whoKo}`,
            },
          ],
          cause: {
            en: `The service ${service.name} publishes port ${port}, which ${who} has already.`,
            ko: `${service.name} 서비스가 공개하려는 ${port} 포트가 이미 쓰이고 있습니다(${whoKo}).`,
          },
          fix: {
            text: {
              en: `Stop ${who}, or publish another port, such as ${next}.`,
              ko: `포트를 쓰는 쪽(${whoKo})을 멈추거나, ${next} 같은 다른 포트를 공개하세요.`,
            },
            ...(mapping !== undefined && { change: { at: mapping.at, before: `${port}:`, after: `${next}:` } }),
          },
        },
      ]
    }),
}

/** A fixed port can be had once, so that the service's second container finds it taken by its first. */
function oneForMany({ name }: Service, { at, published = 0, target }: PortMapping, count: number): Found {
  const last = published + count - 1
  return {
    service: name,
    evidence: [
      {
        en: `${place(at)}${name} has ${count} containers, and publishes the one port ${published}`,
        ko: `${place(at)}${name} 서비스는 컨테이너가 ${count}개인데 ${published} 포트 하나만 공개합니다`,
      },
    ],
    cause: {
      en: `Port ${published} of this machine can be had by one container at a time.`,
      ko: `이 컴퓨터의 ${published} 포트는 한 번에 컨테이너 하나만 쓸 수 있습니다.`,
    },
    fix: {
      text: {
        en: `Publish a range, of which each takes one ("${published}-${last}:${target}"), or let a proxy on the same network stand before them.`,
        ko: `컨테이너마다 하나씩 쓰도록 범위를 공개하거나("${published}-${last}:${target}"), 같은 네트워크의 프록시를 앞에 두세요.`,
      },
    },
  }
}

interface Scaled {
  readonly project: Project
  readonly service: Service
  readonly subject: string
  readonly holder: string | undefined
}

/** How many containers there are at least, where another one of the service has the port: `--scale` leaves no trace in the file. */
function scaledTo({ project, service, subject, holder }: Scaled): number {
  const own = `ontainer ${containerName(project, service, 1).replace(/\d+$/, '')}`
  const numberOf = (text = ''): number => (text.slice(1).startsWith(own) ? Number(text.slice(1 + own.length)) || 0 : 0)
  return numberOf(holder) > 0 ? Math.max(numberOf(holder), numberOf(subject)) : 1
}

/** Who holds it, as the engine words it (engine/networks/ports.ts). */
function inKorean(holder: string | undefined): string {
  const [, id, name] = /^process (\d+), (.*)$/.exec(holder ?? '') ?? []
  if (id !== undefined) return `프로세스 ${id}, ${name}`
  if (holder?.startsWith('container ') === true) return holder.replace('container ', '컨테이너 ')
  return holder === 'a process of another namespace' ? '다른 네임스페이스의 프로세스' : '다른 프로그램'
}
