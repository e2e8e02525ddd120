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

/** The database that a service is, going by the last part of its image's name. */
export function databaseOf({ image, build }: Pick<Service, 'image' | 'build'>): Database | undefined {
  if (build !== undefined) return undefined
  const name =
    image
      .replace(/[@:][^/]*$/, '')
      .split('/')
      .at(-1) ?? ''
  const database = databases.find(({ images }) => images.test(name))
  // Before 18, its image declares the directory below as a volume, which hides what is mounted above it.
  if (database?.name === 'PostgreSQL' && /:(?:\d|1[0-7])(?:\D[^/]*)?$/.test(image)) return { ...database, data: '/var/lib/postgresql/data' }
  return database?.name === 'MongoDB' && /:[2-4]\b[^/]*$/.test(image) ? { ...database, check: mongoCheck('mongo') } : database
}
