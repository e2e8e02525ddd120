import { doubtedServices } from '../facts.ts'
import { wayText } from '../ladder/ways.ts'
import type { Rule } from '../rule.ts'
import { wrote } from '../words.ts'

const refusal = /access denied for user (?!.* to database)|password authentication failed|WRONGPASS|authentication failed/i

/** A database that refuses the login, told apart from one that can't be reached. */
export const databaseLogin: Rule = {
  id: 'database-login-refused',
  title: { en: 'the database refuses the login', ko: '데이터베이스가 로그인을 거부합니다' },
  severity: 'error',
  find: (facts) =>
    doubtedServices(facts).flatMap(({ service, container, log, ways }) => {
      const way = ways.find(({ rung }) => rung === 'login')
      const line = log.findLast((text) => refusal.test(text))
      // A line may be older than what mended it.
      if (way === undefined && (line === undefined || ways.some(({ rung }) => rung === 'top'))) return []
      const user = way?.credentials?.user ?? /(?:user|role) ['"]?([\w.-]+)/i.exec(line ?? '')?.[1]
      return [
        {
          service: service.name,
          evidence: [...(way === undefined ? [] : [wayText(way)]), ...(line === undefined ? [] : [wrote(container, line)])],
          cause: {
            en: `${container} reaches the database, but the database does not accept the name or the password of ${user ?? 'the user'}. The variables of a database image are read at its first start only: an existing volume keeps the passwords that it was made with.`,
            ko: `데이터베이스까지 연결은 되지만 ${user === undefined ? '' : `${user} `}사용자의 이름이나 비밀번호가 맞지 않습니다. 데이터베이스 이미지의 환경 변수는 처음 시작할 때만 읽히므로, 이미 있는 볼륨에는 처음 비밀번호가 그대로 남아 있습니다.`,
          },
          fix: {
            text: {
              en: 'Give both services the same name and password; if they were changed after the first start, change them in the database too, or begin anew with an empty volume (galley down -v deletes all data).',
              ko: '두 서비스에 같은 이름과 비밀번호를 주세요. 처음 시작한 뒤에 바꿨다면 데이터베이스 안에서도 바꾸거나, 빈 볼륨으로 다시 시작하세요(galley down -v는 데이터를 모두 지웁니다).',
            },
          },
        },
      ]
    }),
}
