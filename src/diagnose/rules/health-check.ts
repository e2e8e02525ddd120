import { failedServices, type Rule } from '../facts.ts'

/** A health check that fails, with what it said. */
export const healthCheck: Rule = {
  id: 'health-check-fails',
  title: 'the health check fails',
  titleKo: '헬스 체크가 실패합니다',
  find: (facts) =>
    failedServices(facts).flatMap(({ service, container, health }) => {
      if (health === undefined || health.exitCode === 0) return []
      const test = service.healthcheck?.test.join(' ')
      const output = health.output.trim()
      const missing = health.exitCode === 127 || /not found/.test(output)
      return [
        {
          service: service.name,
          evidence: [
            `the last check of ${container} ended with exit code ${health.exitCode}${test === undefined || test === '' ? '' : `: ${test}`}`,
            ...(output === '' ? [] : [`it said: ${output}`]),
          ],
          cause: missing
            ? `The check calls a program that the image does not have.`
            : `The check runs inside ${container} and fails there; localhost in it is ${container} itself.`,
          fix: {
            text: missing
              ? 'Use a program that the image has (wget, nc, or the server’s own client).'
              : `Run it by hand: docker exec ${container} ${test?.replace(/^CMD(-SHELL)? /, '') ?? '…'}`,
          },
        },
      ]
    }),
}
