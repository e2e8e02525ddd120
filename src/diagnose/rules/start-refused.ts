import { failedServices, type Facts } from '../facts.ts'
import type { Words } from '../finding.ts'
import type { Found } from '../rule.ts'
import { lastLines, wrote } from '../words.ts'

/** Programs that were not started, as a shell tells it: by its exit code. */
export function startedWrong(facts: Facts, code: number, meaning: Words): Found[] {
  return failedServices(facts)
    .filter(({ exitCode }) => exitCode === code)
    .map(({ service, container, log }) => ({
      service: service.name,
      evidence: [
        { en: `${container} ended with exit code ${code}`, ko: `${container} 컨테이너가 종료 코드 ${code}(으)로 끝났습니다` },
        ...lastLines(log, 2).map((line) => wrote(container, line)),
      ],
      cause: { en: `Exit code ${code} means that ${meaning.en}.`, ko: `종료 코드 ${code}: ${meaning.ko}.` },
      fix: {
        text: {
          en: 'Look at command and entrypoint, and at the path of the program inside the image.',
          ko: 'command와 entrypoint, 이미지 안의 프로그램 경로를 확인하세요.',
        },
      },
    }))
}

/** Programs that were not started, as the runtime tells it. */
export function refusedStarts({ failures }: Facts, reason: RegExp): Found[] {
  return failures.flatMap(({ service, subject, step, message }) => {
    const [, program, why = ''] = /exec: "(.*?)": (?:stat \S+: )?(.*?)(?:: unknown)?$/m.exec(message) ?? []
    if (service === undefined || step !== 'container.start' || program === undefined || !reason.test(why)) return []
    const key = service.entrypoint === undefined ? 'command' : 'entrypoint'
    const own = service.entrypoint ?? service.command
    return [
      {
        service: service.name,
        evidence: [
          { en: `${subject} could not be started: ${why}: ${program}`, ko: `${subject} 시작 실패: ${why}: ${program}`, told: [subject] },
        ],
        cause:
          own === undefined
            ? {
                en: `The image ${service.image} starts ${program}, which can't be run in it.`,
                ko: `${service.image} 이미지가 시작하려는 ${program} 프로그램을 실행할 수 없습니다.`,
              }
            : {
                en: `The image ${service.image} has no program "${program}" that can be run.`,
                ko: `${service.image} 이미지에는 실행할 수 있는 "${program}" 프로그램이 없습니다.`,
              },
        fix: {
          text: {
            en: `Correct ${key} of the service ${service.name}, or use an image that has the program.`,
            ko: `${service.name} 서비스의 ${key} 값을 고치거나, 그 프로그램이 있는 이미지를 쓰세요.`,
          },
        },
      },
    ]
  })
}
