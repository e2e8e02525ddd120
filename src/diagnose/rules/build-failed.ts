import type { Rule } from '../facts.ts'

/** An image that could not be built. */
export const buildFailed: Rule = {
  id: 'build-failed',
  title: 'the image could not be built',
  titleKo: '이미지를 빌드하지 못했습니다',
  find: ({ failures }) =>
    failures.flatMap(({ service, step, code, subject, message, advice }) => {
      if (service === undefined || step !== 'image.build') return []
      const inCommand = code === 'build.step-failed'
      return [
        {
          service: service.name,
          evidence: [`${subject}: ${message}`],
          cause: inCommand
            ? `A command that the Dockerfile of ${service.name} runs ended with an error; what it printed last stands above.`
            : `The build of ${service.name} can't go on, as it says.`,
          fix: {
            text:
              advice ??
              `Mend the Dockerfile${inCommand ? ' or what the command works with' : ''} and run galley up again: steps that succeeded are not repeated.`,
          },
        },
      ]
    }),
}
