import { place } from '../words.ts'
import type { LintRule } from './lint-facts.ts'

const variables = ['JAVA_TOOL_OPTIONS', 'JAVA_OPTS', '_JAVA_OPTIONS', 'JDK_JAVA_OPTIONS']
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }
/** Of the limit: classes, threads and buffers need the rest (a Spring application with 200 threads: some 250 MB). */
const share = 0.8

/** A Java heap that leaves no room below the memory limit. */
export const heapOverMemory: LintRule = {
  id: 'heap-over-memory-limit',
  title: 'the Java heap fills the memory limit',
  titleKo: '자바 힙이 메모리 제한을 거의 다 차지합니다',
  severity: 'error',
  find: ({ project }) =>
    Object.values(project.services).flatMap((service) => {
      const limit = Number(service.options.hostConfig['Memory'] ?? service.deploy?.limits?.memory ?? 0)
      return variables.flatMap((variable) => {
        const setting = service.environment[variable]
        const [, amount = '', unit = ''] = /-Xmx(\d+)([kmg]?)\b/i.exec(setting?.value ?? '') ?? []
        const heap = Number(amount) * (units[unit.toLowerCase()] ?? 1)
        if (limit === 0 || heap === 0 || heap <= limit * share) return []
        return [
          {
            service: service.name,
            evidence: [`${place(setting?.at)}${variable} allows a heap of ${mebibytes(heap)}`, `the memory limit is ${mebibytes(limit)}`],
            cause:
              'Beside its heap, Java needs memory for classes, threads and buffers. The kernel kills the container (exit code 137) before the heap is full.',
            fix: {
              text: `Use -XX:MaxRAMPercentage=75 in place of -Xmx${amount}${unit}, or raise the limit to ${mebibytes(Math.ceil(heap / 0.75))}.`,
            },
          },
        ]
      })
    }),
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
