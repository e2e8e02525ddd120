import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { Instance, type Outcome } from './instance.ts'

/** The whole way once: source, jar, images, two containers on a network, a URL that answers; and the lecture's own mistake, explained. */
const instance = new Instance()
const minutes = 60_000

before(() => instance.start())
after(() => instance.stop())

/** A copy of an example on ports of this machine that are free, as 3306 and 8080 may well be taken. */
async function copyOf(example: string): Promise<{ directory: string; port: number }> {
  const directory = `${instance.home}/examples/${example}`
  cpSync('examples', `${instance.home}/examples`, {
    recursive: true,
    filter: (path) => !path.includes('/app/build') || path.endsWith('build.sh'),
  })
  const [port, database] = [await freePort(), await freePort()]
  const file = `${directory}/docker-compose.yml`
  writeFileSync(file, readFileSync(file, 'utf8').replace('"8080:8080"', `"${port}:8080"`).replace('"3306:3306"', `"${database}:3306"`))
  return { directory, port }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function galley(...args: string[]): Promise<Outcome> {
  return instance.command('./galley', args, { timeout: 9 * minutes })
}

test('galley up examples/meal builds the application and prints the URL that it answers at', async () => {
  const { directory, port } = await copyOf('meal')
  const { code, out, err } = await galley('up', directory)
  assert.equal(code, 0, out + err)
  assert.match(out, new RegExp(`http://localhost:${port}\\n`))
  const url = `http://127.0.0.1:${port}`
  assert.match(await instance.fetched(url), /<li>bibimbap<\/li>.*(MySQL|MariaDB)/)
  const added = await fetch(`${url}/meals`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"김치"}' })
  assert.equal(added.status, 201)
  assert.match(await instance.fetched(`${url}/meals`), /"name":"김치"/)
  assert.match((await galley('ps')).out, /spring-app/)
  const down = await galley('down', '-v', directory)
  assert.equal(down.code, 0, down.err)
})

test("galley up examples/lecture says why the lecture's own file fails, and which line to change to what", async () => {
  const { directory } = await copyOf('lecture')
  const { code, out, err } = await galley('up', directory)
  assert.equal(code, 1, out + err)
  assert.match(err, /inside spring-app.*nothing listened on localhost:3306/)
  assert.match(err, /service mysql listens on port 3306; both are on the network lecture_test_network/)
  assert.match(
    err,
    /docker-compose\.yml, line 26:\n.*- SPRING_DATASOURCE_URL: "jdbc:mysql:\/\/localhost:3306\/meal"\n.*\+ SPRING_DATASOURCE_URL: "jdbc:mysql:\/\/mysql:3306\/meal"/,
  )
  assert.match(await instance.ok('ps', '-a', '--format', '{{.Names}}'), /spring-app/, 'the failed service is left as it is')
  await galley('down', '-v', directory)
})
