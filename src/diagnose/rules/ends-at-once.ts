import { failedServices, type Rule } from '../facts.ts'

/** A program that ends well, and is started again and again because its policy says so. */
export const endsAtOnce: Rule = {
  id: 'ends-at-once',
  title: 'the program ends, and is started again and again',
  titleKo: '프로그램이 끝나고 계속 다시 시작됩니다',
  find: (facts) =>
    failedServices(facts)
      .filter(
        ({ service: { restart }, exitCode, ends }) => exitCode === 0 && ends > 0 && ['always', 'unless-stopped'].includes(restart.name),
      )
      .map(({ service, container, ends }) => ({
        service: service.name,
        evidence: [`${container} ended ${ends} times with exit code 0; its restart policy is ${service.restart.name}`],
        cause: `The program of ${container} has nothing more to do and ends, without any failure. A container lives only as long as its first process.`,
        fix: { text: 'If it is a job, use restart: on-failure. If it should serve, start it in the foreground (no daemon mode, no "&").' },
      })),
}
