import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Digest } from '#base/digest.ts'
import { parseImageReference } from '#base/image-reference.ts'
import { choose } from '#engine/catalogue/choose.ts'
import { keyOf } from '#engine/catalogue/part-key.ts'
import { buildSurroundings } from '#engine/catalogue/surroundings.ts'
import { IsolatedInstance } from './isolated-instance.ts'

/** Images made from Debian's packages, with no registry in reach: what their names promise, whoever's program is inside. */
const instance = new IsolatedInstance()
const { ok, pulled } = instance
const start = instance.start.bind(instance)
const cache = '/var/cache/galley/stand-ins'
const patient = { timeout: 240_000 }

/** Under which the parts above an image's base are kept; the base must be there. */
function keysOf(image: string): string[] {
  const [base, ...above] = choose(parseImageReference(image))?.variant.parts ?? []
  assert.ok(base)
  const kept = JSON.parse(readFileSync(`${cache}/${keyOf(base, [])}.json`, 'utf8')) as { layers: Digest[] }
  return above.slice(0, 1).map((part) => keyOf(part, kept.layers))
}

before(() => start())
after(() => instance.stop())

test('a stand-in says what it is while it is made, and in its labels', async () => {
  const out = await pulled('busybox:1.36')
  assert.match(out, /making a stand-in from Debian's packages/)
  assert.match(out, /Stand-in for busybox:1\.36: BusyBox \d/)
  const labels = JSON.parse(await ok('inspect', '-f', '{{json .Config.Labels}}', 'busybox:1.36')) as Record<string, string>
  assert.equal(labels['dev.galley.stand-in'], 'busybox:1.36')
  assert.match(labels['dev.galley.stand-in.differs'] ?? '', /^BusyBox \d/)
})

test('busybox has its applets, its users and a shell as its command', async () => {
  assert.equal(
    await ok('run', '--rm', 'busybox', 'sh', '-c', 'id -u nobody; vi --help 2>&1 | grep -c Usage; stat -c %a /tmp /root'),
    '65534\n1\n1777\n700',
  )
  // Debian 12's own crashes on this.
  const served = 'httpd -h /etc; wget -T 100 -q -O - http://127.0.0.1/nsswitch.conf'
  assert.equal(await ok('run', '--rm', 'busybox', 'sh', '-c', served), 'hosts: files dns')
  const { out } = await instance.command('docker', ['run', '--rm', '-i', 'busybox'], { input: 'echo from the shell\n' })
  assert.equal(out, 'from the shell\n')
})

test('what was made once is there at once, also after the daemon started again', async () => {
  const id = await ok('inspect', '-f', '{{.Id}}', 'busybox:1.36')
  await instance.galley('daemon', 'stop', ...instance.options)
  await start()
  const out = await pulled('busybox:1.36')
  assert.doesNotMatch(out, /making/)
  assert.equal(await ok('inspect', '-f', '{{.Id}}', 'busybox:1.36'), id)
})

test('a digest, a name from elsewhere and a tag that is not in the catalogue get no stand-in', async () => {
  for (const image of [`debian@sha256:${'0'.repeat(64)}`, 'grafana/grafana:11', 'localhost:1/debian:12']) {
    const { code, out } = await instance.docker('pull', image)
    assert.equal(code, 1, image)
    assert.doesNotMatch(out, /stand-in/i)
  }
  const { code, err } = await instance.docker('pull', 'openjdk:12')
  assert.equal(code, 1)
  assert.match(err, /can make openjdk with the tags .*17.* galley images catalogue lists all tags/s)
})

test('a real image keeps its name: no stand-in takes it during an outage', async () => {
  await instance.importBox()
  await ok('tag', 'box', 'debian:12')
  assert.equal((await instance.docker('pull', 'debian:12')).code, 1)
  assert.equal(await ok('inspect', '-f', '{{.Id}}', 'debian:12'), await ok('inspect', '-f', '{{.Id}}', 'box'))
})

test('two that ask at once for the same layers get the same image', async () => {
  const [one, two] = await Promise.all([pulled('debian:bookworm-slim'), pulled('debian:bookworm-slim')])
  for (const out of [one, two]) assert.match(out, /Stand-in for debian:bookworm-slim: Debian 12/)
  assert.equal((await ok('images', '-q', 'debian:bookworm-slim')).split('\n').length, 1)
})

test('a making that is cut off leaves neither process nor file, and the next one succeeds', async () => {
  const image = 'eclipse-temurin:17-jre'
  for (const key of keysOf(image)) rmSync(`${cache}/${key}.json`, { force: true })
  // Those of its steps that ran for another image here would not run again.
  await ok('builder', 'prune', '-af')
  const room = `making-${instance.daemonPid()}-`
  const steps = (): Promise<string> => ok('ps', '-aq', '--filter', 'label=dev.galley.build-step')
  const cut = instance.command('docker', ['pull', image], patient)
  await instance.until(steps, (found) => found !== '')
  instance.killDaemon()
  assert.notEqual((await cut).code, 0)
  await start()
  assert.equal(await steps(), '')
  await instance.until(
    () => readdirSync(cache).filter((name) => name.startsWith(room)),
    (found) => found.length === 0,
  )
  assert.equal(await ok('images', '-aq', '--filter', 'label=dev.galley.stand-in.part'), '')
  assert.notEqual((await instance.docker('inspect', image)).code, 0)
  await pulled(image)
  assert.equal((await instance.docker('run', '--rm', image, 'java', '-version')).code, 0)
})

test("debian is small, and knows Debian's public archive and nothing of this machine", async () => {
  const script = `. /etc/os-release; echo $ID $VERSION_CODENAME; cat /etc/apt/sources.list.d/*; cat /etc/apt/sources.list 2>/dev/null
    ls /var/lib/apt/lists /var/cache/apt/archives /etc/apt/apt.conf.d; grep -r Proxy /etc/apt/apt.conf.d; apt-get --version | head -1`
  const out = await ok('run', '--rm', 'debian:bookworm-slim', 'bash', '-c', script)
  assert.match(out, /^debian bookworm\n/)
  assert.match(out, /URIs: http:\/\/deb\.debian\.org\/debian\nSuites: bookworm bookworm-updates/)
  assert.match(out, /URIs: http:\/\/deb\.debian\.org\/debian-security\nSuites: bookworm-security/)
  assert.match(out, /^apt 2/m)
  assert.doesNotMatch(out, /\.deb$|Packages|Proxy|mmdebstrap/m)
  assert.ok(Number(await ok('inspect', '-f', '{{.Size}}', 'debian:bookworm-slim')) < 120e6)
})

test('with the surroundings of a build step, apt works inside, and no layer learns of it', async () => {
  const { mounts, environment } = await buildSurroundings({ directory: `${instance.home}/surroundings`, environment: {} })
  const flags = [
    ...mounts.flatMap(({ source, destination }) => ['-v', `${source}:${destination}:ro`]),
    ...Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
  ]
  const script = 'apt-get update -qq && apt-get install -y -qq hello >/dev/null 2>&1 && hello'
  await ok('create', '--name', 'step', ...flags, 'debian:bookworm-slim', 'sh', '-c', script)
  const { code, out, err } = await instance.command('docker', ['start', '-a', 'step'], patient)
  assert.equal(code, 0, err)
  assert.match(out, /Hello, world!/)
  const changed = await ok('diff', 'step')
  assert.match(changed, /\/usr\/bin\/hello/)
  assert.doesNotMatch(changed, /galley|ca-certificates|apt\.conf/)
})

test('openjdk compiles and runs a class, with JAVA_HOME where the name has it', async () => {
  assert.match(await pulled('openjdk:17-alpine'), /OpenJDK 17\.\d+\.\d+.* of Debian bookworm, with glibc and apt instead of musl/)
  const script = `java -version 2>&1 | head -1; echo $JAVA_HOME $LANG; test -x $JAVA_HOME/bin/javac
    echo 'class A { public static void main(String[] a) { System.out.println("\u00e9".length() * 42); } }' >A.java; javac A.java && java A`
  const out = await ok('run', '--rm', 'openjdk:17-alpine', 'sh', '-c', script)
  assert.match(out, /^openjdk version "17\..*\n\/opt\/openjdk-17 C\.UTF-8\n42$/)
  await pulled('eclipse-temurin:17')
  assert.equal(await ok('run', '--rm', 'eclipse-temurin:17', 'sh', '-c', 'ls $JAVA_HOME/bin/java'), '/opt/java/openjdk/bin/java')
  assert.equal(await ok('inspect', '-f', '{{json .Config.Cmd}}', 'eclipse-temurin:17'), '["jshell"]')
})

/** What both database images promise. */
interface Database {
  readonly image: string
  readonly client: string
  /** Prefix of the variables. */
  readonly prefix: string
  readonly server: RegExp
}

const databases: readonly Database[] = [
  { image: 'mysql:8.4', client: 'mysql', prefix: 'MYSQL', server: /^(8|9|10)\./ },
  { image: 'mariadb:10.11', client: 'mariadb', prefix: 'MARIADB', server: /^10\.11\./ },
]

for (const { image, client, prefix, server } of databases) {
  const name = client
  const sql = async (user: string, password: string, text: string): Promise<string> =>
    await ok(
      'exec',
      name,
      'sh',
      '-c',
      'exec "$@" 2>/dev/null',
      '-',
      client,
      '-h127.0.0.1',
      `-u${user}`,
      `-p${password}`,
      '-N',
      '-B',
      '-e',
      text,
    )
  const answers = async (): Promise<boolean> =>
    (await instance.docker('exec', name, client, '-h127.0.0.1', '-uuser', '-psecret', '-e', 'DO 0')).code === 0
  const run = (...options: string[]): Promise<string> => ok('run', '-d', '--name', name, '-v', `${name}:/var/lib/mysql`, ...options, image)

  test(`${image} makes database, user and tables on its first start`, async () => {
    await pulled(image)
    const [init, settings] = [`${instance.home}/${name}-init`, `${instance.home}/${name}-conf`]
    for (const directory of [init, settings]) mkdirSync(directory)
    writeFileSync(`${init}/1.sql`, 'CREATE TABLE dish (name TEXT); INSERT INTO dish VALUES ("soup");')
    writeFileSync(`${init}/2.sql.gz`, gzipSync('INSERT INTO dish VALUES ("rice");'))
    writeFileSync(`${init}/3.sh`, `echo "INSERT INTO dish VALUES ('$${prefix}_USER');" | docker_process_sql\n`)
    writeFileSync(`${init}/4.sh`, `#!/bin/sh\necho "executable $(id -un)" >/var/lib/mysql/from-script\n`)
    chmodSync(`${init}/4.sh`, 0o755)
    writeFileSync(`${settings}/my.cnf`, '[mysqld]\nmax_connections = 77\n')
    writeFileSync(`${instance.home}/${name}-root`, 'it\'s "a" \\ secret\n')
    chmodSync(`${instance.home}/${name}-root`, 0o644)
    const mounts = [
      '-v',
      `${init}:/docker-entrypoint-initdb.d`,
      '-v',
      `${settings}:/etc/mysql/conf.d`,
      '-v',
      `${instance.home}/${name}-root:/run/secrets/root`,
    ]
    const environment = ['ROOT_PASSWORD_FILE=/run/secrets/root', 'DATABASE=me_al', 'USER=user', 'PASSWORD=secret']
    await run(...mounts, ...environment.flatMap((setting) => ['-e', `${prefix}_${setting}`]))
    await instance.until(answers, (value) => value)
    assert.equal(await sql('user', 'secret', 'SELECT name FROM me_al.dish'), 'soup\nrice\nuser')
    assert.match(await sql('root', 'it\'s "a" \\ secret', 'SELECT VERSION()'), server)
    assert.match(await sql('user', 'secret', "SHOW VARIABLES LIKE 'max_connections'"), /77/)
    assert.equal(await sql('root', 'it\'s "a" \\ secret', "SELECT CONVERT_TZ('2026-01-01', 'UTC', 'Asia/Seoul')"), '2026-01-01 09:00:00')
    assert.match(await ok('exec', name, 'cat', '/var/lib/mysql/from-script'), /executable mysql/)
  })

  test(`${image} runs as user mysql and holds modest memory`, async () => {
    assert.equal(await ok('exec', name, 'stat', '-c', '%u:%g', '/proc/1', '/var/lib/mysql'), '999:999\n999:999')
    const status = await ok('exec', name, 'cat', '/proc/1/status')
    assert.ok(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) < 400_000, status)
  })

  test(`${image} finds its data again: a second start on the same volume makes nothing anew`, async () => {
    await sql('user', 'secret', 'INSERT INTO me_al.dish VALUES ("kept")')
    await ok('rm', '-f', name)
    await run()
    await instance.until(answers, (value) => value)
    assert.match(await sql('user', 'secret', 'SELECT name FROM me_al.dish'), /kept/)
    assert.doesNotMatch(await ok('logs', name), /Initializing/)
    await ok('stop', name)
    assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}}', name), '0', 'SIGTERM is a clean end')
  })

  test(`${image} does not start without a word on root's password`, async () => {
    const { code, out, err } = await instance.docker('run', '--rm', image)
    assert.equal(code, 1)
    assert.match(out + err, new RegExp(`${prefix}_ROOT_PASSWORD, ${prefix}_ALLOW_EMPTY_PASSWORD and ${prefix}_RANDOM_ROOT_PASSWORD`))
  })
}

test("mariadb's health check tells a server that answers", async () => {
  await ok('start', 'mariadb')
  const healthy = async (): Promise<number | null> =>
    (await instance.docker('exec', 'mariadb', 'healthcheck.sh', '--connect', '--innodb_initialized')).code
  await instance.until(healthy, (code) => code === 0)
  assert.equal((await instance.docker('exec', 'mariadb', 'healthcheck.sh', '--replication')).code, 2)
})

test('with stand-ins off, an outage is an error', async () => {
  await instance.galley('daemon', 'stop', ...instance.options)
  await start('--stand-ins', 'off')
  const { code, out } = await instance.docker('pull', 'busybox:1.37')
  assert.equal(code, 1)
  assert.doesNotMatch(out, /stand-in/i)
})
