import type { PortMapping, Service } from '#compose/model/model.ts'
import type { Ground } from '../ground.ts'
import type { Found, Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A published port that leads to another one than the image says that it listens on: often the two numbers are swapped. */
export const portNotDeclared: Rule = {
  id: 'port-not-declared',
  title: { en: 'the image says that it listens on another port', ko: '이미지가 여는 포트와 공개한 포트가 다릅니다' },
  severity: 'warning',
  inspect: (service, ground) => {
    const declared = Object.keys(ground.config.ExposedPorts ?? {}).flatMap((text) => portOf(text) ?? [])
    return service.ports
      .filter(({ protocol, target }) => protocol === 'tcp' && declared.length > 0 && !declared.includes(target))
      .map((mapping) => explain(service, mapping, { ground, declared }))
  },
}

function portOf(text: string): number | undefined {
  const [, port, protocol = 'tcp'] = /^(\d+)(?:\/(\w+))?$/.exec(text) ?? []
  return port !== undefined && protocol === 'tcp' ? Number(port) : undefined
}

function explain(
  { name }: Service,
  { at, target, published }: PortMapping,
  { ground, declared }: { readonly ground: Ground; readonly declared: readonly number[] },
): Found {
  const list = declared.join(', ')
  const right = declared.includes(published ?? 0) ? (published ?? 0) : (declared[0] ?? 0)
  const [written, better] = [`${published}:${target}`, `${right === published ? target : (published ?? right)}:${right}`]
  return {
    service: name,
    evidence: [
      { en: `${place(at)}the mapping leads to port ${target} of the container`, ko: `${place(at)}컨테이너의 ${target} 포트로 연결합니다` },
      { en: `the image ${ground.image} declares ${list} (EXPOSE)`, ko: `${ground.image} 이미지가 선언한 포트(EXPOSE): ${list}` },
    ],
    cause: {
      en: 'A mapping is written HOST:CONTAINER. Where nothing listens inside, connections are refused, although the port is open outside.',
      ko: '포트는 호스트:컨테이너 순서로 적습니다. 컨테이너 안에서 아무도 열지 않은 포트라면, 밖에서는 열려 있어도 연결이 거부됩니다.',
    },
    fix: {
      text: {
        en: `Write ${better}, unless the program was told to listen on ${target}.`,
        ko: `프로그램이 ${target} 포트를 열도록 설정한 것이 아니라면 ${better} 형태로 적으세요.`,
      },
      ...(published !== undefined && {
        change: {
          at,
          before: written,
          after: better,
          needs: {
            en: `unless the program was told to listen on ${target}`,
            ko: `프로그램이 ${target} 포트를 열도록 설정했다면 그대로 둡니다`,
          },
        },
      }),
    },
  }
}
