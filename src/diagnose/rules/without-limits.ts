import { availableParallelism } from 'node:os'
import type { Service } from '#compose/model/model.ts'
import type { Change, Words } from '../finding.ts'
import type { Rule } from '../rule.ts'
import type { Use } from '../use.ts'
import { ago, mebibytes, place } from '../words.ts'

/** One service that may take all of the machine. */
export const withoutLimits: Rule = {
  id: 'without-limits',
  title: { en: 'nothing limits what it takes of the machine', ko: '메모리나 CPU에 제한이 없습니다' },
  severity: 'advice',
  lint: ({ project, useOf }) =>
    Object.values(project.services).flatMap((service) => {
      const missing = missingLimits(service)
      if (missing.length === 0) return []
      const { name, at } = service
      const use = useOf(service)
      const [en, ko] = [missing.map((limit) => words[limit].en).join(' and '), missing.map((limit) => words[limit].ko).join(', ')]
      return [
        {
          service: name,
          evidence: [
            { en: `${place(at)}${name} has no limit of ${en}`, ko: `${place(at)}${name} 서비스에 제한이 없습니다: ${ko}` },
            ...(use === undefined ? [] : measured(name, use)),
          ],
          cause: {
            en: 'When one service takes too much, all others of the machine suffer, and the kernel may kill one that did nothing wrong.',
            ko: '한 서비스가 너무 많이 쓰면 컴퓨터의 다른 서비스가 모두 느려지고, 커널이 잘못 없는 서비스를 종료할 수 있습니다.',
          },
          fix: use === undefined ? { text: unmeasured } : { text: proposed, change: proposal(service, missing, use) },
        },
      ]
    }),
}

type Limit = 'memory' | 'cpus'

const words: Readonly<Record<Limit, Words>> = { memory: { en: 'memory', ko: '메모리' }, cpus: { en: 'processors', ko: 'CPU' } }

function missingLimits({ options: { hostConfig }, deploy }: Service): Limit[] {
  const memory = hostConfig['Memory'] ?? deploy?.limits?.memory
  const cpus = hostConfig['NanoCpus'] ?? hostConfig['CpuQuota'] ?? hostConfig['CpusetCpus'] ?? deploy?.limits?.nanoCpus
  return [...(memory === undefined ? (['memory'] as const) : []), ...(cpus === undefined ? (['cpus'] as const) : [])]
}

const unmeasured: Words = {
  en: 'Start it and ask again: a limit is proposed by what it uses then.',
  ko: '서비스를 띄우고 다시 물어보세요. 실제 사용량을 재서 알맞은 제한을 제안합니다.',
}

const proposed: Words = {
  en: 'Set limits somewhat above what it needs when it is busy; by what was measured:',
  ko: '바쁠 때의 사용량보다 조금 높게 제한을 두세요. 잰 값을 바탕으로 한 제안:',
}

function measured(name: string, { memory, most, processors, age }: Use): Words[] {
  const load = processors.toFixed(2)
  return [
    {
      en: `${name} uses ${mebibytes(memory)} now${most === undefined ? '' : ` (${mebibytes(most)} at most, cache included)`}, and ${load} processors on average since it started ${ago(age)} ago`,
      ko: `${name}: 지금 메모리 ${mebibytes(memory)}를 쓰고 있고${most === undefined ? '' : `(캐시를 포함해 최대 ${mebibytes(most)})`}, ${ago(age)} 전에 시작한 뒤로 CPU를 평균 ${load}개 씁니다`,
    },
  ]
}

/** Twice of what it has, in steps of 32 MiB, and of the processors at least one: who starts or is busy needs more than the average. */
function proposal({ name, at }: Service, missing: readonly Limit[], { memory, processors }: Use): Change {
  const step = 32 * 2 ** 20
  const limits = {
    memory: `${(Math.max(2, Math.ceil((2 * memory) / step)) * step) / 2 ** 20}M`,
    cpus: String(Math.min(availableParallelism(), Math.max(1, Math.ceil(8 * processors) / 4))),
  }
  return {
    file: at.file,
    puts: missing.map((limit) => ({ path: ['services', name, 'deploy', 'resources', 'limits', limit], value: limits[limit] })),
    needs: {
      en: 'Look at it under its real load first: a limit of memory that is met ends the container.',
      ko: '먼저 실제 부하에서 확인하세요. 메모리 제한에 닿으면 컨테이너가 종료됩니다.',
    },
  }
}
