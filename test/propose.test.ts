import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'
import { galley, Projects } from './projects.ts'

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
    assert.match(err, /In \S*pages there is a static site \(index\.html\)\.\nup would keep this Dockerfile/)
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
    assert.match(err, /^galley: (no|there is no directory nosuch, and no) Compose file/)
  }
  assert.deepEqual(readdirSync(home), ['index.html'])
})

test('what is in the way of the Dockerfile stays, and nothing is started', async () => {
  const home = directory('blocked', { 'index.html': 'soup' })
  symlinkSync('nowhere', `${home}/Dockerfile`)
  const { code, err } = await run(home, 'up')
  assert.equal(code, 5, err)
  assert.match(err, /cannot keep the proposed Dockerfile: file exists\nhint: Write the Dockerfile/)
  assert.deepEqual(readdirSync(home).toSorted(), ['Dockerfile', 'index.html'])
  assert.equal(existsSync(`${home}/nowhere`), false)
})

test('a static site is built and served; its Dockerfile is kept, and used the next time', async (context) => {
  if (!(await instance.isAtHand(context, 'nginx:1.28'))) return
  if ((await freePort(80)) === undefined) return context.skip('something listens on port 80 here, which a static site gets')
  const home = directory('menu', { 'index.html': 'soup', '.hidden': 'no' })
  const { code, out, err } = await run(home, 'up')
  assert.equal(code, 0, `${out}${err}`)
  assert.match(err, /In \S*menu there is a static site \(index\.html\)\.\nThis Dockerfile for it is kept there/)
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
  assert.match(err, /In \S*kitchen there is a Python project \(main\.py\)\.\nThis Dockerfile for it is kept there/)
  assert.equal(await instance.fetched(`http://127.0.0.1:${port}/menu.txt`), 'soup')
  assert.equal((await fetch(`http://127.0.0.1:${port}/secret.txt`, { headers: { connection: 'close' } })).status, 404)
  assert.match(readFileSync(`${home}/Dockerfile`, 'utf8'), /^FROM python:3\.13-slim\n/)
  assert.equal(readFileSync(`${home}/.dockerignore`, 'utf8'), 'secret.txt\n')
  assert.equal((await run(home, 'down')).code, 0)
})

/** A web server of Java's own, without packages. */
const javaServer = (port: number): string => `package shop;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Main {
  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(${port}), 0);
    server.createContext("/", exchange -> {
      exchange.sendResponseHeaders(200, 4);
      exchange.getResponseBody().write("soup".getBytes());
      exchange.close();
    });
    server.start();
  }
}
`

/** Brings a directory up that has no Dockerfile yet, or one that was proposed; resolves with what was said. */
async function up(home: string): Promise<string> {
  const { code, out, err } = await instance.command(galley, ['up'], { cwd: home, timeout: 280_000 })
  assert.equal(code, 0, `${out}${err}`)
  return err
}

/** The page of a service, and the end of its project. */
async function servesAndEnds(home: string, url: string, page: RegExp): Promise<void> {
  assert.match(await instance.fetched(url), page)
  assert.equal((await run(home, 'down')).code, 0)
}

test('a jar is run by a Java runtime', async () => {
  const home = directory('shop-jar', { 'src/Main.java': javaServer(8123) })
  for (const image of ['eclipse-temurin:17', 'eclipse-temurin:17-jre']) await instance.pulled(image)
  const script = 'javac -d /tmp/classes src/Main.java && jar cfe shop.jar shop.Main -C /tmp/classes .'
  await instance.ok('run', '--rm', '-v', `${home}:/work`, '-w', '/work', 'eclipse-temurin:17', 'sh', '-c', script)
  const err = await up(home)
  assert.match(err, /shop-jar there is a jar \(shop\.jar\)/)
  assert.match(err, /no EXPOSE names a port, so none is published/)
  const address = await instance.ok('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', 'shop-jar-app-1')
  await servesAndEnds(home, `http://${address}:8123/`, /^soup$/)
})

test('a Maven project is built and run, from what Debian has of its plugins', async (context) => {
  if (!(await instance.isAtHand(context, 'maven:3-eclipse-temurin-17'))) return
  const port = (await freePort()) ?? 0
  const home = directory('shop-maven', {
    'src/main/java/shop/Main.java': javaServer(port),
    'pom.xml': `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId>
  <artifactId>shop</artifactId>
  <version>1</version>
  <properties><maven.compiler.release>17</maven.compiler.release></properties>
  <build><plugins><plugin>
    <artifactId>maven-jar-plugin</artifactId>
    <configuration><archive><manifest><mainClass>shop.Main</mainClass></manifest></archive></configuration>
  </plugin></plugins></build>
</project>
`,
  })
  assert.match(await up(home), /shop-maven there is a Maven project \(pom\.xml\)/)
  await servesAndEnds(home, `http://127.0.0.1:${port}/`, /^soup$/)
})

test('a Gradle project is built and run; without a registry, by the Gradle that the message names', async (context) => {
  if (!(await instance.isAtHand(context, 'gradle:4-jdk17'))) return
  const port = (await freePort()) ?? 0
  const home = directory('shop-gradle', {
    'src/main/java/shop/Main.java': javaServer(port),
    'build.gradle': "plugins {\n    id 'application'\n}\n\nmainClassName = 'shop.Main'\n",
  })
  const { code, err } = await run(home, 'up')
  assert.equal(code, 1, err)
  assert.match(err, /can't make gradle:8-jdk17.*it can make gradle with the tags .*4-jdk17/)
  const dockerfile = readFileSync(`${home}/Dockerfile`, 'utf8')
  writeFileSync(`${home}/Dockerfile`, dockerfile.replace('gradle:8-jdk17', 'gradle:4-jdk17'))
  await up(home)
  await servesAndEnds(home, `http://127.0.0.1:${port}/`, /^soup$/)
})

test('a Node.js program is built and run', async () => {
  const port = await freePort()
  const home = directory('shop-node', {
    'package.json': '{ "scripts": { "start": "node server.js" } }',
    'server.js': `require('node:http').createServer((_, response) => response.end('soup')).listen(${port})\n`,
  })
  assert.match(await up(home), /shop-node there is a Node\.js project \(package\.json\)/)
  await servesAndEnds(home, `http://127.0.0.1:${port}/`, /^soup$/)
})

test('pages that vite builds are shown by a web server', async (context) => {
  if (!(await instance.isAtHand(context, 'node:22', 'nginx:1.28'))) return
  if ((await freePort(80)) === undefined) return context.skip('something listens on port 80 here, which built pages get')
  const home = directory('shop-vite', {
    'package.json': '{ "type": "module", "scripts": { "build": "vite build" }, "devDependencies": { "vite": "7" } }',
    'index.html': '<!doctype html><title>soup</title><script type="module" src="/main.js"></script>\n',
    'main.js': "document.title += '!'\n",
  })
  assert.match(await up(home), /shop-vite there is a Node\.js project/)
  assert.match(readFileSync(`${home}/Dockerfile`, 'utf8'), /^FROM node:22 AS build$/m)
  await servesAndEnds(home, 'http://127.0.0.1/', /\/assets\/index-[^]*<title>soup<\/title>/)
})
