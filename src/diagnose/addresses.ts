import type { Service } from '#compose/model/model.ts'

/** The port that a URL's scheme, or a variable's name, means when it names none. */
const usualPorts: Readonly<Record<string, number>> = {
  mysql: 3306,
  mariadb: 3306,
  postgres: 5432,
  postgresql: 5432,
  pg: 5432,
  redis: 6379,
  mongodb: 27017,
  mongo: 27017,
  amqp: 5672,
  rabbitmq: 5672,
  http: 80,
  https: 443,
}

/** An address that a service is given. */
export interface Mention {
  readonly variable: string
  /** As it is written: `localhost:3306`. */
  readonly text: string
  readonly host: string
  readonly port: number
  /** Of the URL that it is from, in small letters: `http`. */
  readonly scheme?: string
}

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/i

/** Whether a host is, inside a container, that container itself. */
export function isItself({ host }: Mention): boolean {
  return loopback.test(host)
}

/** The addresses in a service's variables: URLs, and `DB_HOST` with its `DB_PORT`; localhost wherever it stands. */
export function mentionsOf({ environment }: Pick<Service, 'environment'>): Mention[] {
  return Object.entries(environment).flatMap(([variable, { value }]) => {
    const beside = portBeside(variable, environment)
    return [...inText(variable, value, beside), ...alone(variable, value, beside).filter((mention) => !isItself(mention))]
  })
}

function inText(variable: string, value: string, beside: number): Mention[] {
  const pattern =
    /(?:\b([a-z][a-z0-9+.:-]*):\/\/(?:[^\s@/]*@)?([a-z0-9][\w.-]*|\[::1\])|\b(localhost|127\.0\.0\.1)|(\[::1\]))(?::(\d+))?(?![\w.-])/gi
  return [...value.matchAll(pattern)].flatMap(([, schemes, named, itself, written6, written]) => {
    const scheme = schemes?.split(':').at(-1)?.toLowerCase()
    return mention({ variable, host: named ?? itself ?? written6 ?? '', written, scheme }, usualPorts[scheme ?? ''] ?? beside)
  })
}

/** `host`, `host:port`, and lists of them. */
function alone(variable: string, value: string, beside: number): Mention[] {
  if (value.includes('://')) return []
  return value.split(/[\s,;]+/).flatMap((word) => {
    const [, host = '', written] = /^([a-z0-9][\w.-]*)(?::(\d+))?$/i.exec(word) ?? []
    // A word is an address only where a port or the variable's name says so.
    const isAddress = host !== '' && !/^\d+$/.test(host) && (written !== undefined || beside > 0)
    return isAddress ? mention({ variable, host, written, scheme: undefined }, beside) : []
  })
}

interface Part {
  readonly variable: string
  readonly host: string
  readonly written: string | undefined
  readonly scheme: string | undefined
}

function mention({ variable, host, written, scheme }: Part, usual: number): Mention[] {
  const port = Number(written ?? usual)
  const text = written === undefined ? host : `${host}:${written}`
  return port > 0 ? [{ variable, text, host, port, ...(scheme !== undefined && { scheme }) }] : []
}

/** `DB_HOST` has its port in `DB_PORT`, or says in its name what it is the host of. */
function portBeside(variable: string, environment: Service['environment']): number {
  const stem = /^(.*?)_?(?:HOST|HOSTNAME|SERVER|ADDRESS|ADDR)$/i.exec(variable)?.[1]
  if (stem === undefined) return 0
  const beside = environment[`${stem}_PORT`]?.value ?? environment[`${stem.toLowerCase()}_port`]?.value
  return Number(beside ?? usualPorts[stem.toLowerCase()] ?? 0)
}
