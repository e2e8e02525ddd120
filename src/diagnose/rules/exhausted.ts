import { failedServices, type ServiceFacts } from '../facts.ts'
import type { Evidence, Words } from '../finding.ts'
import { mountOver } from '../ground.ts'
import type { Rule } from '../rule.ts'
import { mebibytes, place, wrote } from '../words.ts'
import { buildsStopped } from './build-program.ts'

interface Told {
  readonly evidence: readonly Evidence[]
  readonly cause: Words
  readonly fix: Words
}

/** A rule about a line that a failed program wrote. */
function about(sign: RegExp, words: (failed: ServiceFacts, line: string) => Told | undefined): Required<Rule>['find'] {
  return (facts) =>
    failedServices(facts).flatMap((failed) => {
      const line = failed.log.findLast((text) => sign.test(text))
      const told = line === undefined ? undefined : words(failed, line)
      if (line === undefined || told === undefined) return []
      const { service, container } = failed
      return [
        {
          service: service.name,
          evidence: [wrote(container, line.trim()), ...told.evidence],
          cause: told.cause,
          fix: { text: told.fix },
        },
      ]
    })
}

/** A runtime's own limit for its heap, which is met before the kernel's for the container. */
export const heapFull: Rule = {
  id: 'heap-full',
  title: { en: "the program's heap is full", ko: '프로그램의 힙이 가득 찼습니다' },
  severity: 'error',
  find: about(/JavaScript heap out of memory|java\.lang\.OutOfMemoryError: (?:Java heap space|GC overhead)/, ({ memoryLimit }, line) => {
    const isNode = line.includes('JavaScript')
    const limit: Evidence[] =
      memoryLimit === 0
        ? []
        : [
            {
              en: `the container's memory limit is ${mebibytes(memoryLimit)}`,
              ko: `컨테이너의 메모리 제한은 ${mebibytes(memoryLimit)}입니다`,
            },
          ]
    return {
      evidence: limit,
      cause: isNode
        ? {
            en: 'Node.js allows its heap a part of the memory (--max-old-space-size), and the program needed more.',
            ko: 'Node.js는 메모리의 일부만 힙으로 쓰는데(--max-old-space-size), 프로그램이 그보다 많이 필요로 했습니다.',
          }
        : {
            en: 'Java allows its heap a quarter of the memory, or what -Xmx says, and the program needed more.',
            ko: '자바는 메모리의 4분의 1, 또는 -Xmx에 적힌 만큼만 힙으로 쓰는데, 프로그램이 그보다 많이 필요로 했습니다.',
          },
      fix: isNode
        ? {
            en: 'Give it more, below the memory limit: environment: {NODE_OPTIONS: --max-old-space-size=MEBIBYTES}; or look for what it keeps.',
            ko: '메모리 제한 안에서 더 주세요: environment: {NODE_OPTIONS: --max-old-space-size=MiB}. 아니면 무엇이 메모리를 붙잡고 있는지 찾으세요.',
          }
        : {
            en: 'Give it more, below the memory limit: environment: {JAVA_TOOL_OPTIONS: -XX:MaxRAMPercentage=75}; or look for what it keeps.',
            ko: '메모리 제한 안에서 더 주세요: environment: {JAVA_TOOL_OPTIONS: -XX:MaxRAMPercentage=75}. 아니면 무엇이 메모리를 붙잡고 있는지 찾으세요.',
          },
    }
  }),
}

/** Said only of services that have a limit: the same words stand for a full machine. */
export const processLimit: Rule = {
  id: 'process-limit-reached',
  title: { en: 'the container may have no more processes', ko: '컨테이너의 프로세스 수가 제한에 걸렸습니다' },
  severity: 'error',
  find: about(
    /can(?:no|')t fork|cannot fork|fork: (?:retry: )?Resource temporarily unavailable|can't start new thread|unable to create (?:new )?native thread|pthread_create.*(?:failed|EAGAIN)/i,
    ({ service }) => {
      const limit = Number(service.options.hostConfig['PidsLimit'] ?? service.deploy?.limits?.pids ?? 0)
      if (limit <= 0) return undefined
      return {
        evidence: [
          {
            en: `${place(service.at)}${service.name} may have ${limit} processes and threads (pids_limit)`,
            ko: `${place(service.at)}${service.name} 서비스의 프로세스와 스레드는 ${limit}개까지입니다(pids_limit)`,
          },
        ],
        cause: {
          en: 'Each thread counts, and so do processes that ended and that nobody waited for.',
          ko: '스레드도 하나씩 세고, 끝났지만 아무도 거두지 않은 프로세스(좀비)도 셉니다.',
        },
        fix: {
          en: 'Raise pids_limit; where processes are left over, let init: true clear them away.',
          ko: 'pids_limit을 늘리세요. 끝난 프로세스가 쌓이는 것이라면 init: true로 거두게 하세요.',
        },
      }
    },
  ),
}

/** Which place is full follows from the path, where the line names one. */
const serviceWithoutSpace = about(/no space left on device|ENOSPC|disk quota exceeded/i, ({ service }, line) => {
  const [path] = /(?<=[\s'"`(:])\/[\w./@+-]*[\w@+-]/.exec(line) ?? []
  const mount = path === undefined ? undefined : mountOver(service.mounts, path)
  const tmpfs = path === undefined ? undefined : tmpfsOver(service, path)
  if (tmpfs !== undefined || mount?.type === 'tmpfs')
    return {
      evidence: [],
      cause: {
        en: `${tmpfs ?? mount?.target} is a tmpfs, a file system in memory, and its size is used up.`,
        ko: `${tmpfs ?? mount?.target} 경로는 메모리에 있는 파일 시스템(tmpfs)이고, 그 크기를 다 썼습니다.`,
      },
      fix: {
        en: 'Raise its size (tmpfs: ["PATH:size=256m"]), or use a volume.',
        ko: '크기를 늘리거나(tmpfs: ["경로:size=256m"]) 볼륨을 쓰세요.',
      },
    }
  return {
    evidence: [],
    cause: { en: 'The disk on which it writes is full.', ko: '쓰려는 디스크가 가득 찼습니다.' },
    fix: {
      en: 'Look what fills it (df -h; docker system df) and make room: docker system prune removes what nothing uses.',
      ko: '무엇이 차지하는지 확인하고(df -h, docker system df) 공간을 만드세요. docker system prune은 쓰지 않는 것을 지웁니다.',
    },
  }
})

export const noSpace: Rule = {
  id: 'no-space-left',
  title: { en: 'the place where it writes is full', ko: '쓰려는 곳에 남은 공간이 없습니다' },
  severity: 'error',
  find: (facts) => [...serviceWithoutSpace(facts), ...buildsStopped(facts, ['no-space'])],
}

/** `tmpfs:` of a service is among the options of its container. */
function tmpfsOver({ options }: ServiceFacts['service'], path: string): string | undefined {
  const places = Object.keys((options.hostConfig['Tmpfs'] ?? {}) as Readonly<Record<string, unknown>>)
  return places.find((one) => path === one || path.startsWith(`${one.replace(/\/$/, '')}/`))
}
