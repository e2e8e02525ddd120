import type { Service } from '#compose/model/model.ts'

/** A program that keeps data, as its image is usually called. */
export interface Database {
  readonly name: string
  readonly port: number
  /** Where it keeps them. */
  readonly data: string
  /** A health check that tells when it can be used. */
  readonly check: string
}

const databases: readonly (Database & { readonly images: RegExp })[] = [
  {
    name: 'MySQL',
    images: /^mysql$/,
    port: 3306,
    data: '/var/lib/mysql',
    check: 'mysqladmin ping -h 127.0.0.1 -u root -p"$$MYSQL_ROOT_PASSWORD"',
  },
  { name: 'MariaDB', images: /^mariadb$/, port: 3306, data: '/var/lib/mysql', check: 'healthcheck.sh --connect --innodb_initialized' },
  { name: 'PostgreSQL', images: /^(postgres|postgis)$/, port: 5432, data: '/var/lib/postgresql', check: 'pg_isready -h 127.0.0.1' },
  { name: 'MongoDB', images: /^mongo$/, port: 27017, data: '/data/db', check: mongoCheck('mongosh') },
]

/** The shell had another name before version 5, and none of both images has the other's. */
function mongoCheck(shell: 'mongo' | 'mongosh'): string {
  return `${shell} --quiet --eval "db.runCommand({ ping: 1 })"`
}

/** Publishers whose images of the same name keep the data elsewhere, and lack the official image's scripts. */
const publishers: Readonly<Record<string, (name: string) => string>> = {
  linuxserver: () => '/config',
  bitnami: (name) => `/bitnami/${name}`,
  bitnamilegacy: (name) => `/bitnami/${name}`,
}

type Runs = Pick<Service, 'image' | 'build' | 'entrypoint' | 'command'>

/** The database that a service is, going by the last part of its image's name. */
export function databaseOf(service: Runs): Database | undefined {
  const { image, build } = service
  if (build !== undefined || isScript(service)) return undefined
  const [name = '', publisher = ''] = image
    .replace(/[@:][^/]*$/, '')
    .split('/')
    .toReversed()
  const database = databases.find(({ images }) => images.test(name))
  const dataOf = publishers[publisher]
  if (database !== undefined && dataOf !== undefined)
    return { ...database, data: dataOf(name), check: database.check.replace(/^healthcheck\.sh .*/, 'mariadb-admin ping -h 127.0.0.1') }
  // Before 18, its image declares the directory below as a volume, which hides what is mounted above it.
  if (database?.name === 'PostgreSQL' && /:(?:\d|1[0-7])(?:\D[^/]*)?$/.test(image)) return { ...database, data: '/var/lib/postgresql/data' }
  return database?.name === 'MongoDB' && /:[2-4]\b[^/]*$/.test(image) ? { ...database, check: mongoCheck('mongo') } : database
}

/** Whether a shell is started in the server's place, which does not name the server: such as a script that sets up the replicas of another one. */
function isScript({ entrypoint = [], command = [] }: Runs): boolean {
  const words = entrypoint.length > 0 ? entrypoint : command
  return /^(?:\/\S*\/)?(?:ba|da|a)?sh$/.test(words[0] ?? '') && !/mysqld|mariadbd|postgres\b|mongod|docker-entrypoint/.test(words.join(' '))
}
