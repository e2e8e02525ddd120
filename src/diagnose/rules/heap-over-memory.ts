import type { Rule } from '../rule.ts'
import { mebibytes, place } from '../words.ts'

const variables = ['JAVA_TOOL_OPTIONS', 'JAVA_OPTS', '_JAVA_OPTIONS', 'JDK_JAVA_OPTIONS']
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }
/** Of the limit: classes, threads and buffers need the rest (a Spring application with 200 threads: some 250 MB). */
const share = 0.8

/** A Java heap that leaves no room below the memory limit. */
export const heapOverMemory: Rule = {
  id: 'heap-over-memory-limit',
  title: { en: 'the Java heap fills the memory limit', ko: '자바 힙이 메모리 제한을 거의 다 차지합니다' },
  severity: 'error',
  lint: ({ project }) =>
    Object.values(project.services).flatMap((service) => {
      const limit = Number(service.options.hostConfig['Memory'] ?? service.deploy?.limits?.memory ?? 0)
      return variables.flatMap((variable) => {
        const setting = service.environment[variable]
        const [written = '', amount = '', unit = ''] = /-Xmx(\d+)([kmg]?)\b/i.exec(setting?.value ?? '') ?? []
        const heap = Number(amount) * (units[unit.toLowerCase()] ?? 1)
        if (limit === 0 || heap === 0 || heap <= limit * share) return []
        const better = '-XX:MaxRAMPercentage=75'
        const wanted = mebibytes(Math.ceil(heap / 0.75))
        return [
          {
            service: service.name,
            evidence: [
              {
                en: `${place(setting?.at)}${variable} allows a heap of ${mebibytes(heap)}`,
                ko: `${place(setting?.at)}${variable}: 힙을 ${mebibytes(heap)}까지 허용합니다`,
              },
              { en: `the memory limit is ${mebibytes(limit)}`, ko: `메모리 제한은 ${mebibytes(limit)}입니다` },
            ],
            cause: {
              en: 'Beside its heap, Java needs memory for classes, threads and buffers. The kernel kills the container (exit code 137) before the heap is full.',
              ko: '자바는 힙 말고도 클래스, 스레드, 버퍼에 메모리를 씁니다. 힙이 차기 전에 커널이 컨테이너를 종료합니다(종료 코드 137).',
            },
            fix: {
              text: {
                en: `Use ${better} in place of ${written}, or raise the limit to ${wanted}.`,
                ko: `${written} 대신 ${better} 옵션을 쓰거나, 메모리 제한을 ${wanted}(으)로 늘리세요.`,
              },
              ...(setting?.at !== undefined && { change: { at: setting.at, before: written, after: better } }),
            },
          },
        ]
      })
    }),
}
