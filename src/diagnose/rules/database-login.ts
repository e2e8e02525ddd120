import { failedServices, type Rule } from '../facts.ts'

/** A database that refuses the login, told apart from one that can't be reached. */
export const databaseLogin: Rule = {
  id: 'database-login-refused',
  title: 'the database refuses the login',
  titleKo: '데이터베이스가 로그인을 거부합니다',
  find: (facts) =>
    failedServices(facts).flatMap(({ service, container, log }) => {
      const line = log.findLast((text) =>
        /access denied for user|password authentication failed|WRONGPASS|authentication failed/i.test(text),
      )
      if (line === undefined) return []
      const user = /(?:user|role) ['"]?([\w.-]+)/i.exec(line)?.[1] ?? 'the user'
      return [
        {
          service: service.name,
          evidence: [`${container} wrote: ${line}`],
          cause: `${container} reaches the database, but the database does not accept the name or the password of ${user}. The variables of a database image are read at its first start only: an existing volume keeps the passwords that it was made with.`,
          fix: {
            text: 'Give both services the same name and password; if they were changed after the first start, change them in the database too, or begin anew with an empty volume (galley down -v deletes all data).',
          },
        },
      ]
    }),
}
