import type { Service } from '#compose/model/model.ts'
import { databaseOf } from '../databases.ts'
import type { Words } from '../finding.ts'
import type { LintFacts, Rule } from '../rule.ts'
import { place, quoted } from '../words.ts'

/** A program that is root inside its container, by what runs, else by what is declared. */
export const runsAsRoot: Rule = {
  id: 'runs-as-root',
  title: { en: 'the program runs as root', ko: '프로그램이 root로 실행됩니다' },
  severity: 'advice',
  lint: (facts) =>
    Object.values(facts.project.services).flatMap((service) => {
      const seen = seenAsRoot(service, facts)
      return seen === undefined
        ? []
        : [
            {
              service: service.name,
              evidence: [seen],
              cause: {
                en: 'Whoever breaks into the program is root inside the container: all of its files can be changed, and all that is mounted into it.',
                ko: '프로그램이 뚫리면 공격자가 컨테이너 안의 root가 되어, 그 안의 모든 파일과 마운트된 것을 바꿀 수 있습니다.',
              },
              fix: {
                text: {
                  en: 'Make a user in the Dockerfile and end it with USER, or write user: "UID:GID"; what it writes to must be its own.',
                  ko: 'Dockerfile에서 사용자를 만들고 끝에 USER를 적거나, user: "UID:GID"를 쓰세요. 쓰기가 필요한 경로는 그 사용자의 소유여야 합니다.',
                },
              },
            },
          ]
    }),
}

function seenAsRoot(service: Service, { groundOf, useOf }: LintFacts): Words | undefined {
  const { name, at, user } = service
  const running = useOf(service)?.user
  if (running !== undefined)
    return running === 0
      ? {
          en: `${place(at)}process 1 of ${name} runs as uid 0`,
          ko: `${place(at)}${name} 컨테이너의 1번 프로세스가 uid 0으로 실행 중입니다`,
        }
      : undefined
  if (user !== undefined) {
    const root = { en: `${place(at)}user is ${quoted(user)}`, ko: `${place(at)}user 값: ${quoted(user)}` }
    return isRoot(user) ? root : undefined
  }
  // The images of databases begin as root and step down.
  const declared = databaseOf(service) === undefined ? groundOf(service)?.config.User : undefined
  return declared !== undefined && isRoot(declared)
    ? {
        en: `${place(at)}neither ${name} nor its image names a user`,
        ko: `${place(at)}${name} 서비스에도, 그 이미지에도 사용자가 적혀 있지 않습니다`,
      }
    : undefined
}

function isRoot(user: string): boolean {
  return ['', '0', 'root'].includes(user.split(':')[0] ?? '')
}
