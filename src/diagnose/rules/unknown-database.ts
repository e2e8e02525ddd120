import { doubtedServices } from '../facts.ts'
import { wayText } from '../ladder/ways.ts'
import type { Rule } from '../rule.ts'
import { wrote } from '../words.ts'

/** MySQL and MariaDB tell a user without rights "access denied" of a database, whether it exists or not. */
const missing = /unknown database|database "[^"]*" does not exist|access denied for user .* to database/i

/** A database server that has no database of that name. */
export const unknownDatabase: Rule = {
  id: 'unknown-database',
  title: { en: 'the server has no database of that name', ko: '서버에 그 이름의 데이터베이스가 없습니다' },
  severity: 'error',
  find: (facts) =>
    doubtedServices(facts).flatMap(({ service, container, log, ways }) => {
      const way = ways.find(({ rung }) => rung === 'database')
      const line = log.findLast((text) => missing.test(text))
      // A line may be older than what mended it.
      if (way === undefined && (line === undefined || ways.some(({ rung }) => rung === 'top'))) return []
      const name = way?.credentials?.database ?? /database ['"]([^'"]+)/i.exec(line ?? '')?.[1] ?? 'NAME'
      return [
        {
          service: service.name,
          evidence: [...(way === undefined ? [] : [wayText(way)]), ...(line === undefined ? [] : [wrote(container, line)])],
          cause: {
            en: `${container} reaches the server and may log in, but there is no database ${name} that it may use. The variables of a database image make one at its first start only.`,
            ko: `서버에 연결되고 로그인도 되지만 쓸 수 있는 ${name} 데이터베이스가 없습니다. 데이터베이스 이미지의 환경 변수는 처음 시작할 때만 데이터베이스를 만듭니다.`,
          },
          fix: {
            text: {
              en: `Name it in the database's variables (MYSQL_DATABASE, POSTGRES_DB) before its first start, or make it there: CREATE DATABASE ${name}.`,
              ko: `처음 시작하기 전에 데이터베이스의 환경 변수(MYSQL_DATABASE, POSTGRES_DB)에 이름을 적거나, 서버에서 만드세요: CREATE DATABASE ${name}.`,
            },
          },
        },
      ]
    }),
}
