import type { Rule } from '../facts.ts'

/** An image that is neither here nor where it should be pulled from. */
export const imageNotFound: Rule = {
  id: 'image-not-found',
  title: 'the image cannot be had',
  titleKo: '이미지를 가져올 수 없습니다',
  find: ({ failures, project }) =>
    failures
      .filter(({ step }) => step === 'image.pull')
      .flatMap(({ subject, message, advice }) => {
        const reference = subject.replace(/^Image /, '')
        return Object.values(project.services)
          .filter(({ image }) => image === reference)
          .map(({ name }) => ({
            service: name,
            evidence: [`pulling ${reference}: ${message}`],
            cause: `The service ${name} needs the image ${reference}, which is not on this machine and could not be pulled.`,
            fix: { text: advice ?? 'Check the name and the tag, and that the registry can be reached; or add "build:" to make it here.' },
          }))
      }),
}
