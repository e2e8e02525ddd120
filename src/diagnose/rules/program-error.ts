import { failedServices, type ServiceFacts } from '../facts.ts'
import type { Evidence, Words } from '../finding.ts'
import { ownFileAt } from '../own-file.ts'
import { programErrorIn, type ProgramError } from '../program-error.ts'
import type { Found, Rule } from '../rule.ts'
import { ended, wrote } from '../words.ts'

/** A program that stops at an error of its own, or can't be read: told by its words and the line of its code, where no other rule knows more. */
export const programError: Rule = {
  id: 'program-error',
  title: { en: 'the program stops at an error', ko: '프로그램이 오류로 멈춥니다' },
  severity: 'error',
  find: (facts) => failedServices(facts).flatMap(explain),
}

function explain({ service, container, text, log }: ServiceFacts): Found[] {
  const error = programErrorIn(log)
  if (error === undefined) return []
  const file = error.place && ownFileAt(service, error.place.path)
  const where = error.place === undefined ? undefined : `${file ?? error.place.path}:${error.place.line}`
  const inside = file === undefined || error.place === undefined ? [] : [isThere(container, error.place.path, where ?? '')]
  return [
    {
      service: service.name,
      evidence: [ended(container, text), wrote(container, error.said.trim()), ...inside],
      cause: causeOf(error, where),
      fix: { text: fixOf(service.name, where, { isMounted: file !== undefined && service.build === undefined }) },
    },
  ]
}

function isThere(container: string, path: string, where: string): Evidence {
  return { en: `${path} of ${container} is ${where}`, ko: `${container} 컨테이너의 ${path} 파일: ${where}` }
}

function causeOf({ isSyntax }: ProgramError, where: string | undefined): Words {
  if (where === undefined)
    return { en: 'An error that nobody caught ended the program.', ko: '처리되지 않은 오류로 프로그램이 끝났습니다.' }
  return isSyntax
    ? { en: `${where} can't be read: there is a mistake in its syntax.`, ko: `${where} 문법 오류 때문에 파일을 읽을 수 없습니다.` }
    : {
        en: `An error that nobody caught ended the program at ${where}.`,
        ko: `${where} 위치에서 난 오류를 처리하지 않아 프로그램이 끝났습니다.`,
      }
}

function fixOf(service: string, where: string | undefined, { isMounted }: { readonly isMounted: boolean }): Words {
  const again = isMounted ? `galley restart ${service}` : 'galley up'
  return where === undefined
    ? {
        en: `Mend what the error names and run ${again} again. All that it wrote: galley logs ${service}`,
        ko: `오류가 가리키는 문제를 고치고 다시 실행하세요: ${again}. 전체 로그: galley logs ${service}`,
      }
    : {
        en: `Look at ${where}, or shortly before it; then: ${again}. All that it wrote: galley logs ${service}`,
        ko: `${where} 또는 그 바로 앞을 고치고 다시 실행하세요: ${again}. 전체 로그: galley logs ${service}`,
      }
}
