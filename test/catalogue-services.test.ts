import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Outcome } from './instance.ts'
import { IsolatedInstance } from './isolated-instance.ts'

/** Servers made from Debian's packages: what the images of their names promise, asked by their own clients. */
const instance = new IsolatedInstance()
const { ok } = instance

before(() => instance.start())
after(() => instance.stop())

/** Waits until a command in a container succeeds. */
async function ready(container: string, ...command: string[]): Promise<void> {
  await instance.until(
    () => instance.succeeds(container, ...command),
    (value) => value,
  )
}

test('redis answers other containers, keeps its data on its volume, and runs as user redis', async () => {
  assert.match(await instance.pulled('redis:7-alpine'), /Redis 7\.\d+\.\d+ of Debian bookworm in the name of 7-alpine/)
  await ok('network', 'create', 'redis')
  await ok('run', '-d', '--name', 'redis', '--network', 'redis', '-v', 'redis:/data', 'redis:7-alpine')
  await ready('redis', 'redis-cli', 'ping')
  const client = (...words: string[]): Promise<string> =>
    ok('run', '--rm', '--network', 'redis', 'redis:7-alpine', 'redis-cli', '-h', 'redis', ...words)
  assert.equal(await client('set', 'dish', 'soup'), 'OK')
  assert.equal(await ok('exec', 'redis', 'stat', '-c', '%u', '/proc/1', '/data'), '999\n999')
  await ok('stop', '-t', '60', 'redis')
  assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}}', 'redis'), '0')
  await ok('rm', 'redis')
  await ok('run', '-d', '--name', 'redis', '--network', 'redis', '-v', 'redis:/data', 'redis:7-alpine', '--requirepass', 'secret')
  await ready('redis', 'redis-cli', '-a', 'secret', 'ping')
  assert.equal(await client('-a', 'secret', '--no-auth-warning', 'get', 'dish'), 'soup')
  assert.match(await client('get', 'dish'), /NOAUTH/)
})

test('postgres makes user and database on its first start, runs init files, and lets nobody in without the password', async () => {
  assert.match(await instance.pulled('postgres:16-alpine'), /PostgreSQL 17\.\d+ of Debian trixie in the name of 16-alpine/)
  const init = `${instance.home}/postgres-init`
  mkdirSync(init)
  writeFileSync(`${init}/1.sql`, "CREATE TABLE dish (name TEXT); INSERT INTO dish VALUES ('soup');")
  writeFileSync(`${init}/2.sql.gz`, gzipSync("INSERT INTO dish VALUES ('rice');"))
  writeFileSync(`${init}/3.sh`, `docker_process_sql <<<"INSERT INTO dish VALUES ('$POSTGRES_USER');"\n`)
  writeFileSync(
    `${init}/4.sh`,
    '#!/bin/sh\npsql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO dish VALUES (\'$(id -un)\')"\n',
  )
  chmodSync(`${init}/4.sh`, 0o755)
  writeFileSync(`${instance.home}/postgres-password`, 'it\'s "a" \\ secret\n')
  chmodSync(`${instance.home}/postgres-password`, 0o644)
  const environment = [
    'POSTGRES_PASSWORD_FILE=/run/secrets/password',
    'POSTGRES_USER=cook',
    'POSTGRES_DB=me-al',
    'POSTGRES_INITDB_ARGS=--data-checksums',
  ]
  const flags = ['-v', `${init}:/docker-entrypoint-initdb.d`, '-v', `${instance.home}/postgres-password:/run/secrets/password`]
  const run = (...more: string[]): Promise<string> =>
    ok('run', '-d', '--name', 'postgres', '-v', 'postgres:/var/lib/postgresql/data', ...more)
  await run(...flags, ...environment.flatMap((setting) => ['-e', setting]), 'postgres:16-alpine', '-c', 'max_connections=33')
  const query = (password: string, text: string): ReturnType<typeof instance.docker> =>
    instance.docker(
      'exec',
      '-e',
      `PGPASSWORD=${password}`,
      'postgres',
      'sh',
      '-c',
      'psql -h "$(hostname -i)" -U cook -d me-al -tA -c "$0"',
      text,
    )
  const secret = 'it\'s "a" \\ secret'
  await instance.until(
    async () => (await query(secret, 'SELECT 1')).out,
    (out) => out === '1\n',
  )
  assert.equal((await query(secret, 'SELECT name FROM dish')).out, 'soup\nrice\ncook\npostgres\n')
  assert.equal(
    (
      await query(
        secret,
        'SHOW max_connections; SHOW data_checksums; SELECT datcollate FROM pg_database WHERE datname = current_database()',
      )
    ).out,
    '33\non\nen_US.utf8\n',
  )
  assert.match((await query('wrong', 'SELECT 1')).err, /password authentication failed/)
  assert.equal(await ok('exec', 'postgres', 'stat', '-c', '%u:%a', '/var/lib/postgresql/data'), '999:700')
  await query(secret, "INSERT INTO dish VALUES ('kept')")
  await ok('stop', '-t', '60', 'postgres')
  assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}}', 'postgres'), '0')
  await ok('rm', 'postgres')
  await run('postgres:16-alpine')
  await instance.until(
    async () => (await query(secret, 'SELECT count(*) FROM dish')).out,
    (out) => out === '5\n',
  )
  await instance.until(
    () => instance.docker('logs', 'postgres'),
    ({ out }) => out.includes('Skipping initialization'),
  )
  const bare = await instance.docker('run', '--rm', 'postgres:16-alpine')
  assert.equal(bare.code, 1)
  assert.match(bare.err, /superuser password is not specified.*POSTGRES_PASSWORD/)
})

/** What a path on a container's port 80 answers, asked from the host. */
async function page(container: string, path = '/'): Promise<string> {
  const address = await ok('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container)
  return await instance.fetched(`http://${address}${path}`)
}

test('nginx serves its page, what is mounted, templates with variables, and ends in peace', async () => {
  await instance.pulled('nginx:1.27')
  const [site, templates] = [`${instance.home}/site`, `${instance.home}/templates`]
  for (const directory of [site, templates]) mkdirSync(directory)
  writeFileSync(`${site}/index.html`, 'from the host')
  writeFileSync(`${templates}/other.conf.template`, 'server { listen ${OTHER_PORT}; location / { return 200 "$host ${GREETING}"; } }\n')
  await ok(
    'run',
    '-d',
    '--name',
    'nginx',
    '-v',
    `${site}:/usr/share/nginx/html:ro`,
    '-v',
    `${templates}:/etc/nginx/templates`,
    '-e',
    'OTHER_PORT=81',
    '-e',
    'GREETING=hello',
    'nginx:1.27',
  )
  assert.equal(await page('nginx'), 'from the host')
  assert.equal(await ok('exec', 'nginx', 'curl', '-s', 'http://localhost:81/'), 'localhost hello')
  assert.equal(await ok('exec', 'nginx', 'stat', '-c', '%u', '/var/cache/nginx'), '101')
  // A request is written down after it was answered.
  await instance.until(
    () => instance.docker('logs', 'nginx'),
    ({ out, err }) => /"GET \/ HTTP\/1\.1" 200/.test(out) && /start worker process/.test(err),
  )
  await ok('stop', '-t', '60', 'nginx')
  assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}} {{.Config.StopSignal}}', 'nginx'), '0 SIGQUIT')
  const broken = await instance.docker('run', '--rm', 'nginx:1.27', 'nginx', '-g', 'nonsense;')
  assert.notEqual(broken.code, 0)
  assert.match(broken.err, /unknown directive "nonsense"/)
})

test('httpd serves its htdocs, and takes a configuration that is written for the original', async () => {
  await instance.pulled('httpd:2.4')
  await ok('run', '-d', '--name', 'httpd', 'httpd:2.4')
  assert.match(await page('httpd'), /It works!/)
  const script = `cd conf; sed -i 's/^#LoadModule rewrite_module/LoadModule rewrite_module/' httpd.conf
    printf 'LoadModule unixd_module modules/mod_unixd.so\nRewriteEngine on\nRewriteRule ^/old /index.html\n' >>httpd.conf; exec httpd-foreground`
  await ok('run', '-d', '--name', 'httpd-own', 'httpd:2.4', 'sh', '-c', script)
  assert.match(await page('httpd-own', '/old'), /It works!/)
  await instance.until(
    () => instance.docker('logs', 'httpd'),
    ({ out }) => /"GET \/ HTTP\/1\.1" 200/.test(out),
  )
})

test('memcached, haproxy and the registry answer with what their names promise', async () => {
  // What is on top of a program that has a user of its own is made by root all the same.
  for (const image of ['memcached:alpine', 'haproxy:3.0', 'registry:2']) await instance.pulled(image)
  await ok('run', '-d', '--name', 'memcached', 'memcached:alpine', '-m', '32')
  const store = 'exec 3<>/dev/tcp/127.0.0.1/11211; printf "set a 0 0 2\\r\\nhi\\r\\nget a\\r\\nquit\\r\\n" >&3; cat <&3'
  await ready('memcached', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/11211')
  assert.equal(await ok('exec', 'memcached', 'bash', '-c', store), 'STORED\r\nVALUE a 0 2\r\nhi\r\nEND')
  assert.equal(await ok('exec', 'memcached', 'id', '-u'), '11211')
  const file = `${instance.home}/haproxy.cfg`
  writeFileSync(
    file,
    'defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\nfrontend a\n bind :8080\n http-request return status 200 content-type text/plain string proxied\n',
  )
  await ok('run', '-d', '--name', 'haproxy', '-v', `${file}:/usr/local/etc/haproxy/haproxy.cfg:ro`, 'haproxy:3.0')
  const address = await ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'haproxy')
  assert.equal(await instance.fetched(`http://${address}:8080/`), 'proxied')
  await ok('run', '-d', '--name', 'registry', '-v', 'registry:/var/lib/registry', 'registry:2')
  const store2 = await ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'registry')
  assert.equal(await instance.fetched(`http://${store2}:5000/v2/_catalog`), '{"repositories":[]}\n')
})

test('what is called alpine has BusyBox, whose ash is sh, and adds users its own way', async () => {
  const out = await instance.pulled('alpine:3.20')
  assert.match(out, /Debian trixie, not Alpine/)
  const script = `addgroup -S -g 1500 cooks; adduser -S -D -H -u 1501 -G cooks cook; id cook; addgroup kitchen; adduser cook kitchen; id -Gn cook
    addgroup --system waiters; adduser -S --shell /bin/bash --ingroup waiters waiter; grep -o '^waiter:.*/bin/bash' /etc/passwd | wc -l
    delgroup dialout; addgroup -g 20 --system laravel; adduser -G laravel --system -D -s /bin/sh -u 501 laravel; id -u laravel; deluser laravel; ! id laravel 2>/dev/null
    addgroup -g 82 -S www-data 2>/dev/null; adduser -u 82 -D -S -G www-data www-data; id -u www-data; sed -i s/dl-cdn.alpinelinux.org/mirror.example/ /etc/apk/repositories
    ash -c 'echo from ash'; wget --version >/dev/null; vi --help 2>&1 | grep -c BusyBox
    set -o pipefail; word=supper; echo -e "\${word:0:3}\\t\${word//p/m}"; [[ a == a ]] && source /dev/null`
  assert.equal(
    await ok('run', '--rm', 'alpine:3.20', 'sh', '-c', script),
    'uid=1501(cook) gid=1500(cooks) groups=1500(cooks)\ncooks kitchen\n1\n501\n82\nfrom ash\n1\nsup\tsummer',
  )
  await instance.pulled('ubuntu:24.04')
  assert.equal(await ok('run', '--rm', 'ubuntu:24.04', 'id', '-un', '1000'), 'ubuntu')
})

test("apk fails, and says why and what does the same by Debian's names; a package's program wins over BusyBox's", async () => {
  const home = `${instance.home}/apk`
  mkdirSync(home)
  writeFileSync(
    `${home}/Dockerfile`,
    'FROM alpine:3.20\nRUN apk --no-cache add -t .build build-base sqlite-dev gcompat py3-yaml unzip=6.0-r14\n',
  )
  const build = (): Promise<Outcome> => instance.command('./galley', ['build', '--progress', 'plain', home], { timeout: 290_000 })
  const { code, out, err } = await build()
  assert.notEqual(code, 0)
  const said = out + err
  assert.match(said, /stand-in that Galley made from Debian's packages/)
  const [line = ''] = /apt-get update && apt-get install [^\n]*/.exec(said) ?? []
  assert.match(line, /--no-install-recommends build-essential libsqlite3-dev python3-yaml unzip$/)
  writeFileSync(`${home}/Dockerfile`, `FROM alpine:3.20\nRUN ${line} && unzip -v | grep -o 'UnZip 6.00 of'\n`)
  const mended = await build()
  assert.equal(mended.code, 0, mended.err)
  assert.match(mended.out + mended.err, /UnZip 6.00 of/)
})
