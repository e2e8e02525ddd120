import type { Rule } from '../rule.ts'
import { place, quoted } from '../words.ts'

/** An image of which tomorrow's may be another. */
export const untaggedImage: Rule = {
  id: 'untagged-image',
  title: { en: 'the image has no version', ko: '이미지에 버전이 없습니다' },
  severity: 'warning',
  lint: ({ project }) =>
    Object.values(project.services).flatMap(({ name, image, build, at }) => {
      const tag = /[@:]([^/]*)$/.exec(image)?.[1]
      if (build !== undefined || (tag !== undefined && tag !== 'latest')) return []
      const versioned = `${image.replace(/:latest$/, '')}:VERSION`
      return [
        {
          service: name,
          evidence: [{ en: `${place(at)}the image is ${quoted(image)}`, ko: `${place(at)}이미지: ${quoted(image)}` }],
          cause: {
            en: 'It is whatever is newest on the day it is pulled: two machines, or two days, run different programs.',
            ko: '받는 날의 최신 이미지가 쓰입니다. 컴퓨터나 날짜가 다르면 다른 프로그램이 실행됩니다.',
          },
          fix: { text: { en: `Name a version: ${versioned}.`, ko: `버전을 적으세요: ${versioned}` } },
        },
      ]
    }),
}
