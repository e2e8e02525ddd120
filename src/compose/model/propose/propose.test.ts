import assert from 'node:assert/strict'
import { test } from 'node:test'
import { propose, unproposed, type Proposed } from './propose.ts'

function proposed(files: Readonly<Record<string, string>>): Proposed | undefined {
  const names = [...new Set(Object.keys(files).map((path) => path.replace(/\/.*/, '')))]
  return propose({ names, read: (path) => (Object.hasOwn(files, path) ? files[path] : undefined) })
}

/** A proposal's instructions without comments and without the health check; fails when there is none. */
function instructions(files: Readonly<Record<string, string>>): string[] {
  const found = proposed(files)
  assert.ok(found, 'nothing was recognised')
  return found.dockerfile
    .replace(/^HEALTHCHECK .*\\\n.*\n/m, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
}

test('a directory with nothing that runs gets no proposal', () => {
  for (const files of [
    {},
    { 'notes.txt': 'hello' },
    { 'package.json': '{ "devDependencies": { "prettier": "3" } }' },
    { 'package.json': '{ broken' },
    { 'package.json': 'null' },
    { 'pyproject.toml': '[tool.ruff]\n' },
    { 'pom.xml': '<project><packaging>pom</packaging><modules><module>a</module></modules></project>' },
    { 'pom.xml': '<project><!-- <mainClass>a.B</mainClass> --></project>' },
    { 'build.gradle': "plugins { id 'java-library' }" },
    { 'a.jar': '', 'b.jar': '' },
    { 'lib-sources.jar': '' },
  ])
    assert.equal(proposed(files), undefined, JSON.stringify(files))
})

test('a Node.js project without a start runs the file that its development does, or the usual one; what is built for browsers is none', () => {
  const command = (text: object, file: string): string | undefined =>
    proposed({ 'package.json': JSON.stringify(text), [file]: '' })
      ?.dockerfile.split('\n')
      .findLast((line) => line.startsWith('CMD'))
  const dev = { main: 'index.js', scripts: { dev: 'nodemon --inspect=0.0.0.0:9229 -L src/main.js' } }
  assert.equal(command(dev, 'src/main.js'), 'CMD ["node","src/main.js"]')
  assert.equal(command({ main: 'index.js' }, 'src/index.js'), 'CMD ["node","src/index.js"]')
  assert.equal(command({ scripts: { dev: 'vite', build: 'vite build' } }, 'src/index.js'), undefined)
})

test('a jar is run by a Java runtime, and publishes a port when it holds a web server', () => {
  const alone = instructions({ 'my app.jar': 'PK', 'my app-sources.jar': 'PK' })
  assert.deepEqual(alone, [
    'FROM eclipse-temurin:17-jre',
    'WORKDIR /app',
    'RUN useradd --create-home app && chown app:app .',
    'COPY ["my app.jar","app.jar"]',
    'USER app',
    'CMD ["java", "-jar", "app.jar"]',
  ])
  assert.ok(instructions({ 'shop.jar': 'PK BOOT-INF/lib/tomcat-embed-core-10.jar' }).includes('EXPOSE 8080'))
  assert.match(proposed({ 'shop.jar': '' })?.dockerignore ?? '', /^\*\n!shop\.jar$/m)
})

test('a Maven project is built with the JDK that it asks for, and listens where Spring is told to', () => {
  const pom = `<project><properties><java.version>21</java.version></properties>
    <artifactId>spring-boot-starter-web</artifactId><artifactId>spring-boot-maven-plugin</artifactId></project>`
  const built = instructions({ 'pom.xml': pom, 'src/main/resources/application.yaml': 'server:\n  # ours\n  port: 9090\n' })
  assert.equal(built[0], 'FROM maven:3-eclipse-temurin-21 AS build')
  assert.ok(built.includes('FROM eclipse-temurin:21-jre') && built.includes('EXPOSE 9090'), built.join('\n'))
  assert.ok(instructions({ 'pom.xml': pom }).includes('EXPOSE 8080'))
  const old = instructions({ 'pom.xml': '<maven.compiler.source>1.8</maven.compiler.source><mainClass>a.B</mainClass>' })
  assert.equal(old[0], 'FROM maven:3-eclipse-temurin-17 AS build')
  assert.ok(!old.some((line) => line.startsWith('EXPOSE')))
})

test('the port of a Java program without a framework is read from its main class', () => {
  const main = 'server.bind(new InetSocketAddress(8123), 0);'
  for (const files of [
    { 'pom.xml': '<mainClass>shop.Main</mainClass>', 'src/main/java/shop/Main.java': main },
    { 'build.gradle': "plugins { id 'application' }\nmainClassName = 'shop.Main'", 'src/main/java/shop/Main.java': main },
    {
      'build.gradle.kts': 'plugins {\n  application\n}\napplication { mainClass.set("Main") }',
      'src/main/java/Main.java': 'int PORT = 8123;',
    },
  ])
    assert.ok(instructions(files).includes('EXPOSE 8123'), JSON.stringify(files))
})

test('a Gradle project is built by its wrapper, by the module that can be run', () => {
  const built = instructions({
    gradlew: '',
    'settings.gradle.kts': 'rootProject.name = "shop"\ninclude("model", "app")\n',
    'model/build.gradle.kts': 'plugins { `java-library` }',
    'app/build.gradle.kts': 'plugins {\n    application\n}\njava { toolchain { languageVersion = JavaLanguageVersion.of(21) } }',
  })
  assert.equal(built[0], 'FROM eclipse-temurin:21 AS build')
  assert.match(built.join('\n'), /sh \.\/gradlew -g \/cache --no-daemon :app:installDist$/m)
  assert.ok(built.includes('COPY --from=build /src/app/build/install/app ./') && built.includes('CMD ["bin/app"]'), built.join('\n'))
})

test("a Gradle project without a wrapper is built by Gradle's image; Spring Boot makes one jar", () => {
  const built = instructions({ 'build.gradle': "plugins { id 'org.springframework.boot' version '3.4.0' }\nsourceCompatibility = '11'" })
  assert.equal(built[0], 'FROM gradle:8-jdk17 AS build')
  const newest = instructions({ 'build.gradle.kts': 'plugins {\n  application\n}\nkotlin { jvmToolchain(25) }' })
  assert.equal(newest[0], 'FROM gradle:9-jdk25 AS build')
  assert.match(built.join('\n'), /gradle -g \/cache --no-daemon bootJar && cp build\/libs\/\*\.jar \/app\.jar$/m)
})

test('a Node.js program without packages needs no registry, and its port is read from its source', () => {
  const files = { 'package.json': '{ "scripts": { "start": "node server.js" } }', 'server.js': 'listen(process.env.PORT || 4321)' }
  assert.deepEqual(instructions(files), [
    'FROM node:22-slim',
    'WORKDIR /app',
    'RUN chown node:node .',
    'USER node',
    'COPY --chown=node:node . .',
    'ENV NODE_ENV=production',
    'EXPOSE 4321',
    'CMD ["node","server.js"]',
  ])
})

test('packages of a Node.js program are installed as its lock file says', () => {
  const manifest = { 'package.json': '{ "scripts": { "start": "next start", "build": "next build" }, "dependencies": { "next": "15" } }' }
  const withNpm = instructions({ ...manifest, 'package-lock.json': '{}' })
  assert.ok(withNpm.includes('RUN npm ci') && withNpm.includes('RUN npm run build') && withNpm.includes('EXPOSE 3000'), withNpm.join('\n'))
  assert.equal(withNpm.at(-1), 'CMD ["npm","start"]')
  assert.ok(instructions({ ...manifest, 'yarn.lock': '' }).includes('RUN yarn install --frozen-lockfile'))
  assert.ok(instructions({ ...manifest, 'pnpm-lock.yaml': '' }).some((line) => line.endsWith('pnpm install --frozen-lockfile')))
})

test('pages that vite builds are shown by a web server', () => {
  const files = { 'package.json': '{ "scripts": { "build": "vite build" }, "devDependencies": { "vite": "7" } }', 'index.html': '' }
  assert.deepEqual(instructions(files).slice(-3), ['FROM nginx:1.28', 'COPY --from=build /app/dist /usr/share/nginx/html', 'EXPOSE 80'])
})

test('a Python project is started as its framework is, reachable from outside', () => {
  const flask = instructions({ 'requirements.txt': 'flask==3\n', 'app.py': 'from flask import Flask\nshop = Flask(__name__)\n' })
  assert.ok(flask.includes('RUN pip install --no-cache-dir -r requirements.txt'), flask.join('\n'))
  assert.equal(flask.at(-1), 'CMD ["flask","--app","app:shop","run","--host","0.0.0.0","--port","8000"]')
  const fast = instructions({ 'requirements.txt': 'fastapi\n', 'main.py': 'app: FastAPI = FastAPI()\n' })
  assert.ok(fast.includes('RUN pip install --no-cache-dir -r requirements.txt fastapi uvicorn'), fast.join('\n'))
  assert.ok(instructions({ 'manage.py': '' }).includes('EXPOSE 8000'))
  const script = instructions({ 'main.py': "HTTPServer(('', 8123), Handler).serve_forever()" })
  assert.deepEqual(script.slice(-4), ['COPY --chown=app:app . .', 'USER app', 'EXPOSE 8123', 'CMD ["python","main.py"]'])
})

test('a static site is shown without what is hidden', () => {
  const found = proposed({ 'public/index.html': '' })
  assert.match(found?.dockerfile ?? '', /^COPY public\/ \/usr\/share\/nginx\/html$/m)
  assert.match(found?.dockerignore ?? '', /^\.\*$/m)
})

test('of several kinds the most specific is chosen, and the others are named', () => {
  const found = proposed({ 'index.html': '', 'main.py': '', 'package.json': '{ "scripts": { "start": "node a.js" } }' })
  assert.equal(found?.what, 'a Node.js project (package.json)')
  assert.deepEqual(found.others, ['a Python project (main.py)', 'a static site (index.html)'])
})

test('what a directory is known by is told also where it gets no proposal', () => {
  assert.match(
    unproposed({ names: ['Gemfile', 'app.rb'], read: () => '' }) ?? '',
    /^There is a Ruby project \(Gemfile\)\..*begins with FROM ruby/,
  )
  assert.match(unproposed({ names: ['package.json'], read: () => '{}' }) ?? '', /add "start" to the scripts of package\.json/)
  assert.match(unproposed({ names: ['package.json'], read: () => '{"name": "x",' }) ?? '', /It is no JSON/)
  assert.equal(unproposed({ names: ['README.md'], read: () => '' }), undefined)
})

test('a Go module is built into an image with nothing else, by a Go that is new enough', () => {
  const main = { 'main.go': 'package main\nfunc main() { http.ListenAndServe(":8090", nil) }' }
  const built = instructions({ 'go.mod': 'module a\n\ngo 1.22\n', 'go.sum': '', ...main })
  assert.deepEqual(built.slice(0, 4), ['FROM golang:1.24 AS build', 'WORKDIR /src', 'COPY go.mod go.sum ./', 'RUN go mod download'])
  assert.deepEqual(built.slice(-3), ['USER nobody', 'EXPOSE 8090', 'CMD ["program"]'])
  assert.equal(instructions({ 'go.mod': 'go 1.25.1\n', ...main })[0], 'FROM golang:1.25 AS build')
  assert.equal(proposed({ 'go.mod': 'go 1.22', 'lib.go': 'package lib' }), undefined)
})

test('pages of PHP are shown by Apache; what lies beside public is not', () => {
  assert.deepEqual(instructions({ 'index.php': '<?php new PDO("mysql:host=db")' }).slice(0, 3), [
    'FROM php:8.4-apache',
    'RUN docker-php-ext-install mysqli pdo_mysql',
    'COPY . .',
  ])
  const below = instructions({ 'public/index.php': '<?php', 'composer.json': '{}' })
  assert.ok(below.includes('RUN rmdir html && ln -s public html') && below.includes('COPY composer.json ./'), below.join('\n'))
})

test('of packages in directories below, all are there before they are installed, and the port is that of the one that is started', () => {
  const files = {
    'package.json': '{ "workspaces": ["packages/*"], "scripts": { "start": "npm start -w packages/api" } }',
    'packages/api/package.json': '{ "scripts": { "start": "node index.js" }, "dependencies": { "express": "4" } }',
    'packages/api/index.js': 'app.listen(5050)',
  }
  assert.deepEqual(instructions(files).slice(-5), [
    'COPY --chown=node:node . .',
    'RUN npm install',
    'ENV NODE_ENV=production',
    'EXPOSE 5050',
    'CMD ["npm","start"]',
  ])
})

test('what is for production is started where the project says it: NestJS, gunicorn', () => {
  const nest = {
    scripts: { build: 'nest build', start: 'nest start', 'start:prod': 'node dist/main' },
    dependencies: { '@nestjs/core': '10' },
  }
  assert.equal(instructions({ 'package.json': JSON.stringify(nest) }).at(-1), 'CMD ["node","dist/main"]')
  const requirements = 'Flask==3.0\ngunicorn==22\n'
  assert.equal(
    instructions({ 'requirements.txt': requirements, 'app.py': 'app = Flask(__name__)\n' }).at(-1),
    'CMD ["gunicorn","--bind","0.0.0.0:8000","app:app"]',
  )
  const manage = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')"
  assert.equal(
    instructions({ 'requirements.txt': 'Django\ngunicorn\n', 'manage.py': manage }).at(-1),
    'CMD ["gunicorn","--bind","0.0.0.0:8000","shop.wsgi"]',
  )
})

test('packages of an application with pyproject.toml are installed before its files, a package with them', () => {
  const main = { 'main.py': 'app = FastAPI()\n' }
  const application = instructions({ 'pyproject.toml': '[project]\ndependencies = ["fastapi[standard]"]\n', ...main })
  assert.equal(application[3], 'COPY pyproject.toml ./')
  assert.ok(!application.includes('RUN pip install --no-cache-dir .'))
  const built = instructions({ 'pyproject.toml': '[project]\n[build-system]\n', ...main })
  assert.ok(built.indexOf('RUN pip install --no-cache-dir .') > built.indexOf('COPY --chown=app:app . .'), built.join('\n'))
})

test("a program for Bun gets Bun's image", () => {
  const files = { 'package.json': '{ "scripts": { "start": "bun run index.ts" }, "dependencies": { "hono": "4" } }', 'bun.lock': '' }
  const built = instructions(files)
  assert.equal(built[0], 'FROM oven/bun:1')
  assert.ok(built.includes('COPY --chown=bun:bun package.json bun.lock ./') && built.includes('RUN bun install'), built.join('\n'))
  assert.equal(built.at(-1), 'CMD ["bun","run","start"]')
})

test('what is only for development is not installed for a file that is started as it is', () => {
  const files = { 'package.json': '{ "scripts": { "start": "node a.js" }, "dependencies": { "express": "4" } }', 'package-lock.json': '{}' }
  assert.ok(instructions(files).includes('RUN npm ci --omit=dev'))
  const compiled = { ...files, 'package.json': '{ "scripts": { "start": "ts-node a.ts" }, "dependencies": { "express": "4" } }' }
  assert.ok(instructions(compiled).includes('RUN npm ci'))
})

test('what publishes a port has a health check, by a program that its image has; what publishes none has none', () => {
  const check = (files: Readonly<Record<string, string>>): string | undefined =>
    /^HEALTHCHECK .*\\\n {2}CMD (.*)$/m.exec(proposed(files)?.dockerfile ?? '')?.[1]
  const web = JSON.stringify({ scripts: { start: 'node server.js' }, dependencies: { express: '4' } })
  const plain = JSON.stringify({ scripts: { start: 'node server.js' } })
  assert.match(check({ 'package.json': web, 'server.js': 'app.listen(8123)' }) ?? '', /^node -e "fetch\('http:\/\/127\.0\.0\.1:8123'\)/)
  assert.match(
    check({ 'package.json': plain, 'server.js': 'net.createServer().listen(8123)' }) ?? '',
    /^node -e "require\('net'\)\.connect\(8123/,
  )
  assert.match(check({ 'app.py': 'app = Flask(__name__)' }) ?? '', /^python -c "import http\.client/)
  assert.match(check({ 'index.html': '<p>' }) ?? '', /^bash -c '<\/dev\/tcp\/127\.0\.0\.1\/80'$/)
  assert.match(check({ 'shop.jar': 'PK BOOT-INF/lib/tomcat-embed-core-10.jar' }) ?? '', /^bash -c .*\/8080'$/)
  assert.equal(check({ 'main.py': 'print(1)' }), undefined)
})
