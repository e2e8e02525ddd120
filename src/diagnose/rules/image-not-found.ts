import { nearest } from '#base/nearest.ts'
import type { Rule } from '../rule.ts'
import { same } from '../words.ts'

/** An image that is neither here nor where it should be pulled from. */
export const imageNotFound: Rule = {
  id: 'image-not-found',
  title: { en: 'the image cannot be had', ko: '이미지를 가져올 수 없습니다' },
  severity: 'error',
  find: ({ failures, project, imageNames }) =>
    failures
      .filter(({ step }) => step === 'image.pull')
      .flatMap(({ subject, message, advice }) => {
        const reference = subject.replace(/^Image /, '')
        const meant = nearest(reference, imageNames())
        return Object.values(project.services)
          .filter(({ image }) => image === reference)
          .map(({ name }) => ({
            service: name,
            evidence: [{ en: `pulling ${reference}: ${message}`, ko: `${reference} 받기: ${message}`, told: [message] }],
            cause: {
              en: `The service ${name} needs the image ${reference}, which is not on this machine and could not be pulled.`,
              ko: `${name} 서비스에 필요한 ${reference} 이미지가 이 컴퓨터에 없고, 받아 올 수도 없습니다.`,
            },
            fix: {
              text:
                meant !== undefined
                  ? { en: `Did you mean ${meant}? It is on this machine.`, ko: `혹시 ${meant} 이미지인가요? 이 컴퓨터에 있습니다.` }
                  : advice === undefined
                    ? {
                        en: 'Check the name and the tag, and that the registry can be reached; or add "build:" to make it here.',
                        ko: '이름과 태그가 맞는지, 레지스트리에 연결되는지 확인하세요. 여기서 만들 이미지라면 "build:"를 추가하세요.',
                      }
                    : same(advice),
            },
          }))
      }),
}
