import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'
import { Projects } from './projects.ts'

/** The ways to databases, gone from inside the containers that were told to use them. */
const instance = new IsolatedInstance()
const { directory, run } = new Projects(instance)

before(() => instance.start())
after(() => instance.stop())

const servers = `
  maria:
    image: mariadb:11
    environment: {MARIADB_ROOT_PASSWORD: secret, MARIADB_DATABASE: meal, MARIADB_USER: cook, MARIADB_PASSWORD: rice}
    healthcheck: {test: healthcheck.sh --connect --innodb_initialized, interval: 1s, retries: 90}
    networks: {default: {ipv4_address: 10.199.7.200}}
  pg:
    image: postgres:17
    environment: {POSTGRES_PASSWORD: rice, POSTGRES_DB: meal, POSTGRES_USER: cook}
    healthcheck: {test: pg_isready -h 127.0.0.1, interval: 1s, retries: 90}
`

/** What each service is given, and how it is explained: its rule, and what was met on the way. */
const apps: Readonly<Record<string, { readonly env: string; readonly more?: string; readonly rule?: string; readonly met?: RegExp }>> = {
  'good-maria': {
    env: 'SPRING_DATASOURCE_URL: "jdbc:mysql://maria:3306/meal", SPRING_DATASOURCE_USERNAME: cook, SPRING_DATASOURCE_PASSWORD: rice',
  },
  'good-pg': { env: 'DB_URL: "postgres://cook:rice@pg/meal"' },
  'login-maria': {
    env: 'DB_URL: "mariadb://cook:soup@maria/meal"',
    rule: 'database-login-refused',
    met: /maria \(10\.199\.7\.200\):3306: Access denied for user 'cook'@/,
  },
  'login-pg': {
    env: 'PGHOST: pg, PGUSER: cook, PGPASSWORD: soup',
    rule: 'database-login-refused',
    met: /pg \([\d.]+\):5432: password authentication failed for user "cook"/,
  },
  'nobody-pg': {
    env: 'DB_URL: "postgresql://chef:rice@pg/meal"',
    rule: 'database-login-refused',
    met: /password authentication failed for user "chef"/,
  },
  'lost-maria': {
    env: 'DB_HOST: maria, DB_PORT: 3306, DB_USER: root, DB_PASSWORD: secret, DB_NAME: meals',
    rule: 'unknown-database',
    met: /Unknown database 'meals'/,
  },
  'lost-pg': { env: 'DB_URL: "postgres://cook:rice@pg:5432/meals"', rule: 'unknown-database', met: /database "meals" does not exist/ },
  'port-maria': {
    env: 'DB_URL: "mysql://cook:rice@maria:3307/meal"',
    rule: 'service-unreachable',
    met: /maria \(10\.199\.7\.200\):3307: connection refused/,
  },
  'port-pg': {
    env: 'DB_URL: "postgres://cook:rice@pg:3306/meal"',
    rule: 'service-unreachable',
    met: /pg \([\d.]+\):3306: connection refused/,
  },
  'other-protocol': {
    env: 'DB_URL: "mysql://cook:rice@pg:5432/meal"',
    rule: 'service-unreachable',
    met: /what answers does not speak MySQL|no answer/,
  },
  'name-maria': {
    env: 'DB_URL: "mysql://cook:rice@mario/meal"',
    rule: 'service-unreachable',
    met: /from inside d-name-maria-1, mario:3306: no such name/,
  },
  'away-maria': {
    env: 'DB_URL: "mysql://cook:rice@10.199.7.200/meal"',
    more: 'networks: [away]',
    rule: 'service-unreachable',
    met: /10\.199\.7\.200:3306: (no answer within 3 s|.*unreachable)/i,
  },
}

test('MySQL’s own way to prove a password is gone, remembered by the server or not', async (context) => {
  if (!(await instance.isAtHand(context, 'mysql:8'))) return
  const given = (url: string): string => `{image: "busybox:1", command: sleep 1000, environment: {DB_URL: "${url}"}}`
  const home = directory('m', {
    'compose.yaml': `services:
  my:
    image: mysql:8
    environment: {MYSQL_ROOT_PASSWORD: secret, MYSQL_DATABASE: meal, MYSQL_USER: cook, MYSQL_PASSWORD: rice}
    healthcheck: {test: mysqladmin ping -h 127.0.0.1 -ucook -price, interval: 1s, retries: 90}
  good: ${given('mysql://cook:rice@my/meal')}
  login: ${given('mysql://cook:soup@my/meal')}
  lost: ${given('mysql://root:secret@my/meals')}
`,
  })
  const up = await instance.command('sh', ['-c', `cd ${home} && exec "$0" up`, `${process.cwd()}/galley`], { timeout: 280_000 })
  assert.equal(up.code, 0, up.err)
  for (let time = 0; time < 2; time++) {
    const { code, err } = await run(home, 'why', 'good', 'login', 'lost')
    assert.equal(code, 1)
    assert.match(err, /from inside m-good-1, my \([\d.]+\):3306: the login is accepted/)
    assert.match(err, /✘ login: .*\[database-login-refused\][^]*Access denied for user 'cook'@/)
    assert.match(err, /✘ lost: .*\[unknown-database\][^]*Unknown database 'meals'/)
  }
})

test('each rung of the way to a database is told: name, route, port, login, database', async (context) => {
  if (!(await instance.isAtHand(context, 'mariadb:11', 'postgres:17'))) return
  const services = Object.entries(apps).map(
    ([name, { env, more = '' }]) =>
      `  ${name}: {image: "busybox:1", command: sleep 1000, environment: {${env}}${more === '' ? '' : `, ${more}`}}\n`,
  )
  const networks = 'networks:\n  default: {ipam: {config: [{subnet: 10.199.7.0/24}]}}\n  away: {}\n'
  const home = directory('d', { 'compose.yaml': `services:${servers}${services.join('')}${networks}` })
  const up = await instance.command('sh', ['-c', `cd ${home} && exec "$0" up`, `${process.cwd()}/galley`], { timeout: 280_000 })
  assert.equal(up.code, 0, up.err)

  // What is up is looked at when it is asked for by name.
  assert.equal((await run(home, 'why')).code, 0)
  const good = await run(home, 'why', 'good-maria', 'good-pg')
  assert.equal(good.code, 0, good.err)
  assert.match(good.err, /from inside d-good-maria-1, maria \(10\.199\.7\.200\):3306: the login is accepted/)
  assert.match(good.err, /from inside d-good-pg-1, pg \([\d.]+\):5432: the login is accepted/)
  const { code, err } = await run(home, 'why', ...Object.keys(apps))
  assert.equal(code, 1)
  const blocks = err.split(/\n(?=✘ )/).slice(1)
  const found = blocks.map((block) => /^✘ ([\w-]+): .*\[([\w-]+)\]/.exec(block)?.slice(1))
  const wanted = Object.entries(apps).flatMap(([name, { rule }]) => (rule === undefined ? [] : [[name, rule]]))
  assert.deepEqual(found.toSorted(), wanted.toSorted(), err)
  for (const [name, { met }] of Object.entries(apps))
    if (met !== undefined) assert.match(blocks.find((block) => block.startsWith(`✘ ${name}:`)) ?? '', met)
})
