import type { Service } from '#compose/model/model.ts'
import { askingWords } from '../asking.ts'
import { checkWords, programsOf } from '../command.ts'
import { failedServices } from '../facts.ts'
import type { Fix, Words } from '../finding.ts'
import type { Ground } from '../ground.ts'
import { programProblem } from '../program-problem.ts'
import type { Found, Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A health check that can't work: the image does not have what it calls. */
export const healthCheckProgram: Rule = {
  id: 'health-check-program-missing',
  title: { en: 'the image does not have the program of the health check', ko: '헬스 체크가 부르는 프로그램이 이미지에 없습니다' },
  severity: 'error',
  inspect: (service, ground) => explain(service, ground),
  find: (facts) =>
    failedServices(facts).flatMap(({ service, container, image, health }) =>
      health === undefined || health.exitCode === 0
        ? []
        : explain(service, facts.groundOf(service, image), withOutput(checkEnded(container, health.exitCode), saidBy(health.output))),
    ),
}

/** The exit code of a check that did not come to an end of its own (engine/health/probe.ts). */
const notEnded = -1

/** How a container's last check ended. */
export function checkEnded(container: string, exitCode: number): Words {
  return exitCode === notEnded
    ? {
        en: `the last check of ${container} did not run to its end`,
        ko: `${container} 컨테이너의 마지막 헬스 체크가 끝까지 실행되지 못했습니다`,
      }
    : {
        en: `the last check of ${container} ended with exit code ${exitCode}`,
        ko: `${container} 컨테이너의 마지막 헬스 체크가 종료 코드 ${exitCode}(으)로 끝났습니다`,
      }
}

function withOutput({ en, ko }: Words, said: string): Words {
  return { en: `${en}: ${said}`, ko: `${ko}: ${said}` }
}

/** What a check said, without what the runtime and its callers put around the words that matter. */
function saidBy(output: string): string {
  return output
    .trim()
    .replace(/^OCI runtime exec failed: exec failed: unable to start container process: /, '')
    .replace(/: unknown$/, '')
}

/** What a service's health check calls and can't be started. */
export function missingCheckProgram(service: Service, ground: Ground | undefined): string | undefined {
  const words = ground && checkWords(service, ground)
  return ground === undefined || words === undefined
    ? undefined
    : programsOf(words).find((program) => programProblem(program, ground) !== undefined)
}

function explain(service: Service, ground: Ground | undefined, seen?: Words): Found[] {
  const program = missingCheckProgram(service, ground)
  if (ground === undefined || program === undefined) return []
  const at = place(service.healthcheck === undefined ? undefined : service.at)
  return [
    {
      service: service.name,
      evidence: [
        ...(seen === undefined ? [] : [seen]),
        {
          en: `${at}the health check of ${service.name} calls ${program}, which the image ${ground.image} does not have`,
          ko: `${at}${service.name} 서비스의 헬스 체크가 부르는 ${program} 프로그램이 ${ground.image} 이미지에 없습니다`,
        },
      ],
      cause: {
        en: `The check runs inside the container with the programs of its image. Without ${program} it fails always, and the service is never healthy.`,
        ko: `헬스 체크는 컨테이너 안에서 이미지에 있는 프로그램으로 실행됩니다. ${program} 없이는 항상 실패하므로 서비스가 healthy 상태가 될 수 없습니다.`,
      },
      fix: fixOf(service, ground),
    },
  ]
}

/** The same question, asked with what the image has. */
function fixOf(service: Service, ground: Ground): Fix {
  const { name, at, healthcheck } = service
  const [url] = /\bhttp:\/\/[^\s"'|;&)]+/.exec(healthcheck?.test.join(' ') ?? '') ?? []
  const words = url === undefined || at.file === '' ? undefined : askingWords(ground, url)
  if (words === undefined)
    return {
      text: {
        en: 'Use a program that the image has (wget, nc, or the server’s own client), or install it in the Dockerfile.',
        ko: '이미지에 있는 프로그램(wget, nc, 서버에 딸린 클라이언트)을 쓰거나, Dockerfile에서 설치하세요.',
      },
    }
  const value = ['CMD', ...words]
  return {
    text: { en: `Ask with ${words[0]}, which the image has.`, ko: `이미지에 있는 ${words[0]} 프로그램으로 확인하세요.` },
    change: { file: at.file, puts: [{ path: ['services', name, 'healthcheck', 'test'], value, replaces: true }] },
  }
}
