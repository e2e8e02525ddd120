import type { Service } from '#compose/model/model.ts'
import type { Mention } from '../addresses.ts'
import { databaseOf } from '../databases.ts'
import type { Credentials } from './login.ts'

export type Protocol = 'mysql' | 'postgres'

/** Which database's protocol is spoken at an address that a service is given; undefined where nothing says so. */
export function protocolOf(service: Service, { variable, port }: Mention, target: Service | undefined): Protocol | undefined {
  const value = service.environment[variable]?.value ?? ''
  const scheme = /([a-z0-9]+):\/\//i.exec(value)?.[1]?.toLowerCase() ?? ''
  if (/^(mysql2?|mariadb)$/.test(scheme)) return 'mysql'
  if (/^(postgres(ql)?|pg)$/.test(scheme)) return 'postgres'
  const name = target && databaseOf(target)?.name
  if (name === 'MySQL' || name === 'MariaDB') return 'mysql'
  if (name === 'PostgreSQL') return 'postgres'
  if (scheme !== '') return undefined
  if (port === 3306) return 'mysql'
  return port === 5432 ? 'postgres' : undefined
}

/** What a service is given to log in with, in the address itself or in variables beside it; undefined when it is given no user. */
export function credentialsOf({ environment }: Pick<Service, 'environment'>, { variable }: Mention): Credentials | undefined {
  const value = environment[variable]?.value ?? ''
  const written = inAddress(value)
  const stem = variable.replace(/_?(?:URL|URI|DSN|JDBC_URL|HOST|HOSTNAME|SERVER|ADDRESS|ADDR)$/i, '')
  const beside = (...names: readonly string[]): string | undefined => {
    const wanted = names.flatMap((name) => [`${stem}_${name}`, `${stem}${name}`].map((text) => text.toLowerCase()))
    const found = Object.keys(environment).find((key) => wanted.includes(key.toLowerCase()))
    return found === undefined ? undefined : environment[found]?.value
  }
  const user = written.user ?? beside('USERNAME', 'USER')
  if (user === undefined || user === '') return undefined
  return {
    user,
    password: written.password ?? beside('PASSWORD', 'PASS', 'PASSWD') ?? '',
    database: written.database ?? beside('DATABASE', 'NAME', 'DB', 'DBNAME') ?? '',
  }
}

/** `scheme://user:password@host:port/database?user=…&password=…`, also behind `jdbc:`. */
function inAddress(value: string): Partial<Credentials> {
  const [, user, password, database, query = ''] =
    /:\/\/(?:([^\s:@/]*)(?::([^\s@/]*))?@)?[^\s/?]*(?:\/([^\s?]*))?(?:\?(\S*))?/.exec(value) ?? []
  const given = new URLSearchParams(query)
  const plain = (text: string | null | undefined): string | undefined => (text ? decoded(text) : undefined)
  const parts = { user: plain(user ?? given.get('user')), password: plain(password ?? given.get('password')), database: plain(database) }
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that is one.
    return text
  }
}
