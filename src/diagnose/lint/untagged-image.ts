import { place, quoted } from '../words.ts'
import type { LintRule } from './lint-facts.ts'

/** An image of which tomorrow's may be another. */
export const untaggedImage: LintRule = {
  id: 'untagged-image',
  title: 'the image has no version',
  titleKo: '이미지에 버전이 없습니다',
  severity: 'warning',
  find: ({ project }) =>
    Object.values(project.services).flatMap(({ name, image, build, at }) => {
      const tag = /[@:]([^/]*)$/.exec(image)?.[1]
      if (build !== undefined || (tag !== undefined && tag !== 'latest')) return []
      return [
        {
          service: name,
          evidence: [`${place(at)}the image is ${quoted(image)}`],
          cause: 'It is whatever is newest on the day it is pulled: two machines, or two days, run different programs.',
          fix: { text: `Name a version: ${image.replace(/:latest$/, '')}:VERSION.` },
        },
      ]
    }),
}
