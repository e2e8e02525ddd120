import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'
import { Projects } from './projects.ts'

/** `galley up` where there is neither a Compose file nor a Dockerfile. */
const instance = new IsolatedInstance()
const { directory, run } = new Projects(instance)

before(() => instance.start())
after(() => instance.stop())

/** Listens on a port of all addresses, any when it is 0, and stops; resolves with its number, or undefined when somebody else has it. */
async function freePort(wished = 0): Promise<number | undefined> {
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(wished, () => resolve(true))
  })
  if (!isFree) return undefined
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a dry run and diff show the Dockerfile and what would be made, and write nothing', async () => {
  const home = directory('pages', { 'index.html': 'soup' })
  for (const args of [['up', '--dry-run'], ['diff']]) {
    const { err } = await run(home, ...args)
    assert.match(err, /pages is a static site \(index\.html\)\.\nup would keep this Dockerfile/)
    assert.match(err, /^ {4}FROM nginx:1\.28\n {4}COPY \. \/usr\/share\/nginx\/html$/m)
    assert.match(err, /build.*pages-app|pages-app.*build/i)
    assert.deepEqual(readdirSync(home), ['index.html'])
  }
})

test('other commands do not propose anything, nor does up for a service by name', async () => {
  const home = directory('quiet', { 'index.html': 'soup' })
  for (const args of [['config'], ['build'], ['up', 'nosuch']]) {
    const { code, err } = await run(home, ...args)
    assert.equal(code, 3, err)
    assert.match(err, /^galley: no Compose file/)
  }
  assert.deepEqual(readdirSync(home), ['index.html'])
})

test('what is in the way of the Dockerfile stays, and nothing is started', async () => {
  const home = directory('blocked', { 'index.html': 'soup' })
  symlinkSync('nowhere', `${home}/Dockerfile`)
  const { code, err } = await run(home, 'up')
  assert.equal(code, 5, err)
  assert.match(err, /cannot keep the proposed .*\/blocked\/Dockerfile: EEXIST.*\nhint: Write the Dockerfile/)
  assert.deepEqual(readdirSync(home).toSorted(), ['Dockerfile', 'index.html'])
  assert.equal(existsSync(`${home}/nowhere`), false)
})

test('a static site is built and served; its Dockerfile is kept, and used the next time', async (context) => {
  if (!(await instance.isAtHand(context, 'nginx:1.28'))) return
  if ((await freePort(80)) === undefined) return context.skip('something listens on port 80 here, which a static site gets')
  const home = directory('menu', { 'index.html': 'soup', '.hidden': 'no' })
  const { code, out, err } = await run(home, 'up')
  assert.equal(code, 0, `${out}${err}`)
  assert.match(err, /menu is a static site \(index\.html\)\.\nThis Dockerfile for it is kept there/)
  assert.match(out, /http:\/\/localhost\S*\n$/)
  assert.equal(await instance.fetched('http://127.0.0.1/'), 'soup')
  for (const path of ['.hidden', 'Dockerfile', '.dockerignore'])
    assert.equal((await fetch(`http://127.0.0.1/${path}`, { headers: { connection: 'close' } })).status, 404, path)
  assert.match(readFileSync(`${home}/Dockerfile`, 'utf8'), /^FROM nginx:1\.28$/m)
  const again = await run(home, 'up')
  assert.equal(again.code, 0, again.err)
  assert.doesNotMatch(again.err, /static site/)
  assert.equal((await run(home, 'down')).code, 0)
})

test('a Python script is built and served; a .dockerignore that was there stays as it was', async (context) => {
  if (!(await instance.isAtHand(context, 'python:3.13-slim'))) return
  const port = await freePort()
  const script = `from http.server import HTTPServer, SimpleHTTPRequestHandler\nHTTPServer(('', ${port}), SimpleHTTPRequestHandler).serve_forever()\n`
  const home = directory('kitchen', { 'main.py': script, 'menu.txt': 'soup', '.dockerignore': 'secret.txt\n', 'secret.txt': 'no' })
  const { code, out, err } = await run(home, 'up')
  assert.equal(code, 0, `${out}${err}`)
  assert.match(err, /kitchen is a Python project \(main\.py\)\.\nThis Dockerfile for it is kept there/)
  assert.equal(await instance.fetched(`http://127.0.0.1:${port}/menu.txt`), 'soup')
  assert.equal((await fetch(`http://127.0.0.1:${port}/secret.txt`, { headers: { connection: 'close' } })).status, 404)
  assert.match(readFileSync(`${home}/Dockerfile`, 'utf8'), /^FROM python:3\.13-slim\n/)
  assert.equal(readFileSync(`${home}/.dockerignore`, 'utf8'), 'secret.txt\n')
  assert.equal((await run(home, 'down')).code, 0)
})
