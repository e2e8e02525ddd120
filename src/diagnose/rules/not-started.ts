import { failedServices, type Facts } from '../facts.ts'
import type { Words } from '../finding.ts'
import type { Found, Rule } from '../rule.ts'
import { lastLines, wrote } from '../words.ts'

/** A program, or one that a start script calls, that the image does not have. */
export const programNotFound: Rule = {
  id: 'program-not-found',
  title: { en: 'the program is not in the image', ko: '실행할 프로그램이 이미지에 없습니다' },
  severity: 'error',
  find: (facts) => [
    ...endedWith(facts, 127, {
      en: 'the program, or one that its start script calls, is not in the image',
      ko: '프로그램이나 시작 스크립트가 부르는 프로그램이 이미지에 없다는 뜻입니다',
    }),
    ...refused(facts, /executable file not found|no such file/),
  ],
}

/** A program that is there and may not be executed. */
export const programNotExecutable: Rule = {
  id: 'program-not-executable',
  title: { en: 'the program may not be executed', ko: '프로그램에 실행 권한이 없습니다' },
  severity: 'error',
  find: (facts) => [
    ...endedWith(facts, 126, {
      en: 'the program is there but may not be executed: its execute bit is missing, or it is a directory',
      ko: '프로그램은 있지만 실행할 수 없다는 뜻입니다. 실행 권한이 없거나 디렉터리입니다',
    }),
    ...refused(facts, /permission denied|is a directory/),
  ],
}

/** As a shell tells it. */
function endedWith(facts: Facts, code: number, meaning: Words): Found[] {
  return failedServices(facts)
    .filter(({ exitCode }) => exitCode === code)
    .map(({ service, container, log }) => ({
      service: service.name,
      evidence: [
        { en: `${container} ended with exit code ${code}`, ko: `${container} 컨테이너가 종료 코드 ${code}로 끝났습니다` },
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

/** As the runtime tells it. */
function refused({ failures }: Facts, reason: RegExp): Found[] {
  return failures.flatMap(({ service, subject, step, message }) => {
    const [, program, why = ''] = /exec: "(.*?)": (?:stat \S+: )?(.*?)(?:: unknown)?$/m.exec(message) ?? []
    if (service === undefined || step !== 'container.start' || program === undefined || !reason.test(why)) return []
    const key = service.entrypoint === undefined ? 'command' : 'entrypoint'
    const own = service.entrypoint ?? service.command
    return [
      {
        service: service.name,
        evidence: [{ en: `${subject} could not be started: ${why}: ${program}`, ko: `${subject} 시작 실패: ${why}: ${program}` }],
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
