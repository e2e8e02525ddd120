import { failedServices, type ServiceFacts } from '../facts.ts'
import type { Words } from '../finding.ts'
import type { Found, Rule } from '../rule.ts'
import { mebibytes, same } from '../words.ts'

/** Exit code 137 is SIGKILL; who sent it decides what helps. */
type Killer = 'limit' | 'machine' | 'stop' | 'request' | 'unknown'

/** Of a limit: the kernel charges memory in batches, so that one that is met may not be reached to the byte. */
const reached = 0.97

function killerOf({ exitCode, oomKilled, memoryLimit, memoryPeak = memoryLimit, forced }: ServiceFacts): Killer | undefined {
  if (oomKilled) return memoryLimit > 0 && memoryPeak >= memoryLimit * reached ? 'limit' : 'machine'
  if (exitCode !== 137) return undefined
  if (forced === undefined) return 'unknown'
  return forced.by === 'stop' ? 'stop' : 'request'
}

function killedBy(
  killers: readonly Killer[],
  story: (one: ServiceFacts, killer: Killer) => Omit<Found, 'service'>,
): Required<Rule>['find'] {
  return (facts) =>
    failedServices(facts).flatMap((one) => {
      const killer = killerOf(one)
      return killer !== undefined && killers.includes(killer) ? [{ service: one.service.name, ...story(one, killer) }] : []
    })
}

export const memoryLimitReached: Rule = {
  id: 'memory-limit-reached',
  title: { en: 'the container needed more memory than its limit', ko: '컨테이너가 메모리 제한을 넘겼습니다' },
  severity: 'error',
  find: killedBy(['limit'], ({ service, container, exitCode, memoryLimit }) => ({
    evidence: [
      {
        en: `the kernel killed ${container} for want of memory (exit code ${exitCode}, OOMKilled); its limit is ${mebibytes(memoryLimit)}`,
        ko: `메모리가 모자라 커널이 ${container} 컨테이너를 종료했습니다(종료 코드 ${exitCode}, OOMKilled). 메모리 제한은 ${mebibytes(memoryLimit)}입니다`,
      },
      ...javaOptions(service.environment),
    ],
    cause: {
      en: `${container} needed more memory than its limit allows. No other container was harmed.`,
      ko: `${container} 컨테이너가 제한보다 많은 메모리를 쓰려고 했습니다. 다른 컨테이너에는 영향이 없습니다.`,
    },
    fix: {
      text: {
        en: 'Raise mem_limit, or make the program use less (for Java: -XX:MaxRAMPercentage=75 in place of -Xmx).',
        ko: 'mem_limit을 늘리거나 프로그램의 메모리 사용을 줄이세요(자바는 -Xmx 대신 -XX:MaxRAMPercentage=75).',
      },
    },
  })),
}

function usedAtMost(peak: number | undefined): Words[] {
  return peak === undefined ? [] : [{ en: `it used ${mebibytes(peak)} at most`, ko: `가장 많이 썼을 때 ${mebibytes(peak)}였습니다` }]
}

/** How large a heap Java was allowed: classes, threads and buffers come on top of it. */
function javaOptions(environment: ServiceFacts['service']['environment']): Words[] {
  return Object.entries(environment).flatMap(([name, { value }]) =>
    /-Xmx|-XX:MaxRAMPercentage/.test(value) ? [same(`${name}: ${value}`)] : [],
  )
}

export const machineOutOfMemory: Rule = {
  id: 'machine-out-of-memory',
  title: { en: 'all containers together used up the memory', ko: '전체 컨테이너가 쓸 수 있는 메모리가 바닥났습니다' },
  severity: 'error',
  find: killedBy(['machine'], ({ container, exitCode, memoryLimit, memoryPeak }) => ({
    evidence: [
      {
        en: `the kernel killed ${container} for want of memory (exit code ${exitCode}, OOMKilled); ${
          memoryLimit === 0 ? 'it has no limit of its own' : `its own limit of ${mebibytes(memoryLimit)} was not reached`
        }`,
        ko: `메모리가 모자라 커널이 ${container} 컨테이너를 종료했습니다(종료 코드 ${exitCode}, OOMKilled). ${
          memoryLimit === 0
            ? '이 컨테이너에는 메모리 제한이 없습니다'
            : `자신의 메모리 제한 ${mebibytes(memoryLimit)}에는 이르지 않았습니다`
        }`,
      },
      ...usedAtMost(memoryPeak),
    ],
    cause: {
      en: 'All containers together used up what the host can spare for them, and the kernel chose this one.',
      ko: '모든 컨테이너가 함께 쓸 수 있는 메모리가 바닥나서, 커널이 이 컨테이너를 골라 종료했습니다.',
    },
    fix: {
      text: {
        en: 'Give each service a mem_limit that fits it, so that the one that takes too much is the one that goes; or add memory.',
        ko: '서비스마다 알맞은 mem_limit을 두세요. 그러면 너무 많이 쓰는 서비스만 종료됩니다. 아니면 메모리를 늘리세요.',
      },
    },
  })),
}

export const stopTimeout: Rule = {
  id: 'stop-timeout',
  title: { en: 'the program did not end when it was asked to stop', ko: '정지 신호를 받고도 제때 끝나지 않았습니다' },
  severity: 'error',
  find: killedBy(['stop'], ({ container, exitCode, forced }) => ({
    evidence: [
      {
        en: `${container} was asked to stop and had not ended after ${secondsOf(forced)} s; then it was killed (exit code ${exitCode})`,
        ko: `${container} 컨테이너가 정지 신호를 받고 ${secondsOf(forced)}초 안에 끝나지 않아 강제로 종료되었습니다(종료 코드 ${exitCode})`,
      },
    ],
    cause: {
      en: 'The program does not end at its stop signal in time: a shell in front of it does not pass the signal on, or it needs longer.',
      ko: '프로그램이 정지 신호에 제때 끝나지 않습니다. 앞에 있는 셸이 신호를 전달하지 않거나, 정리하는 데 시간이 더 필요합니다.',
    },
    fix: {
      text: {
        en: 'Write its command as a JSON list (exec form), or raise stop_grace_period.',
        ko: '명령을 JSON 배열(exec 형식)로 적거나, stop_grace_period를 늘리세요.',
      },
    },
  })),
}

function secondsOf(forced: ServiceFacts['forced']): number {
  return forced?.by === 'stop' ? forced.after : 0
}

export const killedByHand: Rule = {
  id: 'killed-by-hand',
  title: { en: 'somebody killed the process', ko: '누군가 프로세스를 강제로 종료했습니다' },
  severity: 'error',
  find: killedBy(['request', 'unknown'], ({ container, exitCode }, killer) =>
    killer === 'request'
      ? {
          evidence: [
            {
              en: `Galley was asked to kill ${container} (docker kill, docker rm -f, or the API); exit code ${exitCode}`,
              ko: `Galley가 ${container} 컨테이너를 강제로 종료하라는 요청을 받았습니다(docker kill이나 API). 종료 코드 ${exitCode}`,
            },
          ],
          cause: {
            en: `A client of Galley's API killed ${container}; it did not fail by itself.`,
            ko: `API 클라이언트가 ${container} 컨테이너를 종료했습니다. 프로그램이 스스로 실패한 것이 아닙니다.`,
          },
          fix: { text: { en: `Start it again: docker start ${container}`, ko: `다시 시작하세요: docker start ${container}` } },
        }
      : {
          evidence: [
            {
              en: `${container} ended with exit code ${exitCode}, which is SIGKILL; neither the kernel's out-of-memory killer nor a stop did it`,
              ko: `${container} 컨테이너가 종료 코드 ${exitCode}(SIGKILL)로 끝났습니다. 커널의 메모리 부족 처리나 정지 요청 때문은 아닙니다`,
            },
          ],
          cause: {
            en: `Somebody on this machine sent SIGKILL (kill -9), or a program inside ${container} did.`,
            ko: `이 컴퓨터에서 누군가 SIGKILL(kill -9)을 보냈거나, ${container} 컨테이너 안의 프로그램이 보냈습니다.`,
          },
          fix: {
            text: {
              en: `Look for kill -9 in scripts, cron jobs and the host's own memory guard (earlyoom, systemd-oomd); docker events --filter container=${container} shows the rest.`,
              ko: `스크립트나 cron, 호스트의 메모리 감시 프로그램(earlyoom, systemd-oomd)이 kill -9를 보내는지 확인하세요. docker events --filter container=${container}로 나머지를 볼 수 있습니다.`,
            },
          },
        },
  ),
}
