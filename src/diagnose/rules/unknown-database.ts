import { failedServices, type Rule } from '../facts.ts'

/** A database server that has no database of that name. */
export const unknownDatabase: Rule = {
  id: 'unknown-database',
  title: 'the server has no database of that name',
  titleKo: '서버에 그 이름의 데이터베이스가 없습니다',
  find: (facts) =>
    failedServices(facts).flatMap(({ service, container, log }) => {
      const line = log.findLast((text) => /unknown database|database "[^"]*" does not exist/i.test(text))
      if (line === undefined) return []
      const [, name = 'it'] = /(?:unknown database|database) ['"]?([\w-]+)/i.exec(line) ?? []
      return [
        {
          service: service.name,
          evidence: [`${container} wrote: ${line}`],
          cause: `${container} reaches the server and may log in, but there is no database ${name}. The variables of a database image make one at its first start only.`,
          fix: {
            text: `Name it in the database's variables (MYSQL_DATABASE, POSTGRES_DB) before its first start, or make it there: CREATE DATABASE ${name}.`,
          },
        },
      ]
    }),
}
