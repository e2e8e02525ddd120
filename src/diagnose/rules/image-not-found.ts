import { nearest } from '#base/nearest.ts'
import type { Words } from '../finding.ts'
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
              en: `The image ${reference} is not on this machine, and could not be pulled.`,
              ko: `${reference} 이미지가 이 컴퓨터에 없고, 받아 올 수도 없습니다.`,
            },
            fix: {
              text:
                meant !== undefined
                  ? { en: `Did you mean ${meant}? It is on this machine.`, ko: `혹시 ${meant} 이미지인가요? 이 컴퓨터에 있습니다.` }
                  : (answered(reference, message) ?? (advice === undefined ? unknown : same(advice))),
            },
          }))
      }),
}

const unknown = {
  en: 'Check the name and the tag, and that the registry can be reached; or add "build:" to make it here.',
  ko: '이름과 태그가 맞는지, 레지스트리에 연결되는지 확인하세요. 여기서 만들 이미지라면 "build:"를 추가하세요.',
}

/** What helps with a registry's own answer, or with one of this machine that does not answer. */
function answered(reference: string, message: string): Words | undefined {
  const host = /^([^/]*[.:][^/]*|localhost)\//.exec(reference)?.[1] ?? ''
  const login = `docker login${host === '' ? '' : ` ${host}`}`
  if (/pull access denied|unauthorized|authentication required/.test(message))
    return {
      en: `Check the name. If it is right and the image is private: ${login}`,
      ko: `이름을 확인하세요. 이름이 맞고 비공개 이미지라면 로그인하세요: ${login}`,
    }
  if (/toomanyrequests/.test(message))
    return {
      en: `The registry limits how much it gives to one address. Wait, log in (${login}), or name a mirror in registries.json.`,
      ko: `레지스트리가 한 주소에 주는 양을 제한합니다. 기다리거나, 로그인하거나(${login}), registries.json에 미러를 적으세요.`,
    }
  if (/manifest unknown|manifest for .* not found/.test(message))
    return {
      en: 'The registry answers, and does not have this name and tag: correct them, or add "build:" to make the image here.',
      ko: '레지스트리는 응답하지만 이 이름과 태그가 없습니다. 고치거나, 여기서 만들 이미지라면 "build:"를 추가하세요.',
    }
  if (/manifest is not valid JSON|invalid manifest/.test(message))
    return {
      en: `What answers at ${host} is no registry: check the address.`,
      ko: `${host} 주소에서 응답하는 것은 레지스트리가 아닙니다. 주소를 확인하세요.`,
    }
  if (/^(?:localhost|127\.)/.test(host) && /connection refused/.test(message))
    return {
      en: `Nothing listens on ${host} of this machine: start the registry there (galley registry start opens one on localhost:5000).`,
      ko: `이 컴퓨터의 ${host}에서 아무것도 응답하지 않습니다. 레지스트리를 시작하세요(galley registry start는 localhost:5000에 엽니다).`,
    }
  return undefined
}
