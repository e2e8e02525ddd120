import { failedServices, type Rule } from '../facts.ts'
import { lastLines } from '../words.ts'

const causes: Readonly<Record<number, string>> = {
  126: 'the program is there but may not be executed: its execute bit is missing, or it is a directory',
  127: 'the program, or one that its start script calls, is not in the image',
}

/** A program that can't be started, or whose shell can't find what it should run. */
export const notStarted: Rule = {
  id: 'program-not-started',
  title: 'the program could not be started',
  titleKo: '프로그램을 시작할 수 없습니다',
  find: (facts) => [
    ...failedServices(facts)
      .filter(({ exitCode }) => causes[exitCode] !== undefined)
      .map(({ service, container, exitCode, log }) => ({
        service: service.name,
        evidence: [`${container} ended with exit code ${exitCode}`, ...lastLines(log, 2).map((line) => `${container} wrote: ${line}`)],
        cause: `Exit code ${exitCode} means that ${causes[exitCode]}.`,
        fix: { text: 'Look at command and entrypoint, and at the path of the program inside the image.' },
      })),
    ...facts.failures.flatMap(({ service, subject, step, message }) => {
      const program = /exec: "(.*?)": (executable file not found|permission denied|no such file)/.exec(message)
      if (service === undefined || step !== 'container.start' || program === null) return []
      const written = service.entrypoint ?? service.command
      return [
        {
          service: service.name,
          evidence: [`${subject} could not be started: ${program[2]}: ${program[1]}`],
          cause:
            written === undefined
              ? `The image ${service.image} starts ${program[1]}, which can't be run in it.`
              : `The image ${service.image} has no program "${program[1]}" that can be run.`,
          fix: {
            text: `Correct ${service.entrypoint === undefined ? 'command' : 'entrypoint'} of the service ${service.name}, or use an image that has the program.`,
          },
        },
      ]
    }),
  ],
}
