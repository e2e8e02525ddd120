import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { IsolatedInstance } from './isolated-instance.ts'

/** Languages from Debian's packages: what Dockerfiles count on in the images of these names. */
const instance = new IsolatedInstance()
const { ok } = instance

before(() => instance.start())
after(() => instance.stop())

/** Builds an image from a Dockerfile and files. */
async function build(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const context = `${instance.home}/${name}`
  mkdirSync(context)
  for (const [file, text] of Object.entries(files)) writeFileSync(`${context}/${file}`, text)
  const { code, out, err } = await instance.command('docker', ['build', '-t', name, context], { timeout: 280_000 })
  assert.equal(code, 0, `${out}${err}`)
}

test('python has pip, an interpreter of its own, and the directory of the version that was asked for', async () => {
  assert.match(await instance.pulled('python:3.12-slim'), /Python 3\.13\.\d+ of Debian trixie in the name of 3\.12-slim/)
  // A package that needs no index.
  await build('py', {
    'pyproject.toml':
      '[project]\nname = "dish"\nversion = "1"\n[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n',
    'own.py': `import zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = 'dish-1-py3-none-any.whl'
    with zipfile.ZipFile(directory + '/' + name, 'w') as wheel:
        wheel.writestr('dish.py', 'name = "soup"')
        wheel.writestr('dish-1.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: dish\\nVersion: 1\\n')
        wheel.writestr('dish-1.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr('dish-1.dist-info/RECORD', '')
    return name
`,
    Dockerfile: `FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir .
FROM python:3.12-slim
COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages
CMD ["python", "-c", "import dish, sys; print(dish.name, sys.prefix)"]
`,
  })
  assert.equal(await ok('run', '--rm', 'py'), 'soup /usr/local')
  assert.match(
    await ok('run', '--rm', 'python:3.12-slim', 'sh', '-c', 'python3 -m venv /venv && /venv/bin/pip --version'),
    /pip \d+.* from \/venv/,
  )
  assert.equal(await ok('inspect', '-f', '{{json .Config.Cmd}}', 'python:3.12-slim'), '["python3"]')
})

test('node runs scripts, installs packages as user node, and takes an option for its own', async (context) => {
  if (!(await instance.isAtHand(context, 'node:20-slim'))) return
  await instance.pulled('node:20-slim')
  await build('js', {
    'dish.js': 'module.exports = "soup"\n',
    'package.json': '{ "name": "dish", "version": "1.0.0", "main": "dish.js" }',
    Dockerfile: `FROM node:20-slim
COPY . /dish
WORKDIR /app
RUN chown node:node /app
USER node
RUN npm init -y >/dev/null && npm install --no-audit --no-fund /dish
CMD ["node", "-e", "console.log(require('dish'), os.userInfo().uid)"]
`,
  })
  assert.equal(await ok('run', '--rm', 'js'), 'soup 1000')
  assert.match(await ok('run', '--rm', 'node:20-slim', '--version'), /^v20\./)
  assert.equal(
    await ok('run', '--rm', 'node:20-slim', 'which', 'node', 'npm', 'npx', 'yarn'),
    '/usr/local/bin/node\n/usr/local/bin/npm\n/usr/local/bin/npx\n/usr/local/bin/yarn',
  )
})

test('yarn comes with its first call, as a user who is not root', async (context) => {
  if (!(await instance.isAtHand(context, 'node:20-slim'))) return
  await build('yarn', { Dockerfile: 'FROM node:20-slim\nUSER node\nRUN yarn --version > /tmp/version\nCMD ["cat", "/tmp/version"]\n' })
  assert.match(await ok('run', '--rm', 'yarn'), /^1\.22\./)
})

test('golang builds a program that runs on nothing', async (context) => {
  if (!(await instance.isAtHand(context, 'golang:1.22-alpine'))) return
  await build('go', {
    'go.mod': 'module dish\n\ngo 1.22\n',
    'main.go': 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("soup") }\n',
    Dockerfile: `FROM golang:1.22-alpine AS build
WORKDIR /go/src/dish
COPY . .
RUN CGO_ENABLED=0 go build -o /dish .
FROM scratch
COPY --from=build /dish /dish
ENTRYPOINT ["/dish"]
`,
  })
  assert.equal(await ok('run', '--rm', 'go'), 'soup')
  assert.equal(
    await ok('run', '--rm', 'golang:1.22-alpine', 'sh', '-c', 'echo $GOPATH $GOTOOLCHAIN; ls /usr/local/go/bin; pwd'),
    '/go local\ngo\ngofmt\n/go',
  )
})

test('maven has the JDK that its tag names, and copies reference files', async (context) => {
  if (!(await instance.isAtHand(context, 'maven:3-eclipse-temurin-17'))) return
  await instance.pulled('maven:3-eclipse-temurin-17')
  const script = 'echo $MAVEN_CONFIG; cat ~/.m2/settings-docker.xml'
  await build('mvn', {
    'settings.xml': '<settings/>',
    Dockerfile: 'FROM maven:3-eclipse-temurin-17\nCOPY settings.xml /usr/share/maven/ref/settings-docker.xml\n',
  })
  assert.match(await ok('run', '--rm', 'mvn', 'sh', '-c', script), /^\/root\/\.m2\n<settings\/>$/)
  assert.match(await ok('run', '--rm', 'mvn', 'mvn', '-v'), /Apache Maven 3\..*Java version: 17\./s)
})

test('php serves a page in Apache, with an extension that was installed and settings where the original has them', async (context) => {
  if (!(await instance.isAtHand(context, 'php:8.3-apache'))) return
  await instance.pulled('php:8.3-apache')
  await build('web', {
    'index.php':
      '<?php echo getenv("DISH"), " ", extension_loaded("pdo_mysql"), " ", ini_get("memory_limit"), " ", $_SERVER["REQUEST_URI"];',
    '.htaccess': 'RewriteEngine on\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule . index.php\n',
    'own.ini': 'memory_limit = 77M\n',
    Dockerfile: `FROM php:8.3-apache
RUN docker-php-ext-install -j2 pdo_mysql opcache && a2enmod rewrite && mv "$PHP_INI_DIR/php.ini-production" "$PHP_INI_DIR/php.ini"
COPY own.ini $PHP_INI_DIR/conf.d/
COPY index.php .htaccess /var/www/html/
`,
  })
  await ok('run', '-d', '--name', 'web', '-e', 'DISH=soup', 'web')
  const address = await ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'web')
  assert.equal(await instance.fetched(`http://${address}/a/dish`), 'soup 1 77M /a/dish')
  assert.match((await instance.docker('logs', 'web')).out, /"GET \/a\/dish HTTP\/1\.1" 200/)
  await ok('stop', 'web')
  assert.equal(await ok('inspect', '-f', '{{.State.ExitCode}}', 'web'), '0')
  const { code, err } = await instance.docker('run', '--rm', 'php:8.3-apache', 'docker-php-ext-install', 'nonsense')
  assert.equal(code, 1)
  assert.match(err, /stand-in.*Debian has no nonsense for PHP 8\.4/)
})

test('rabbitmq makes the user that the environment names', async (context) => {
  if (!(await instance.isAtHand(context, 'rabbitmq:3-management'))) return
  await instance.pulled('rabbitmq:3-management')
  await ok(
    'run',
    '-d',
    '--name',
    'rabbit',
    '-e',
    'RABBITMQ_DEFAULT_USER=cook',
    '-e',
    'RABBITMQ_DEFAULT_PASS=secret',
    'rabbitmq:3-management',
  )
  await instance.until(
    () => instance.succeeds('rabbit', 'rabbitmqctl', 'await_startup', '--timeout', '5'),
    (value) => value,
  )
  assert.match(await ok('exec', 'rabbit', 'rabbitmqctl', 'list_users'), /^cook\s+\[administrator\]$/m)
  assert.match(await ok('exec', 'rabbit', 'rabbitmqctl', 'authenticate_user', 'cook', 'secret'), /Success/)
  assert.equal(await instance.succeeds('rabbit', 'rabbitmqctl', 'authenticate_user', 'cook', 'wrong'), false)
})

test('phpmyadmin logs in to the database that the environment names', async (context) => {
  if (!(await instance.isAtHand(context, 'phpmyadmin:latest', 'mariadb:10'))) return
  for (const image of ['phpmyadmin', 'mariadb:10']) await instance.pulled(image)
  await ok('network', 'create', 'pma')
  await ok('run', '-d', '--name', 'db', '--network', 'pma', '-e', 'MARIADB_ROOT_PASSWORD=secret', 'mariadb:10')
  const start = (name: string, password: string): Promise<string> =>
    ok(
      'run',
      '-d',
      '--name',
      name,
      '--network',
      'pma',
      '-e',
      'PMA_HOST=db',
      '-e',
      'PMA_USER=root',
      '-e',
      `PMA_PASSWORD=${password}`,
      'phpmyadmin',
    )
  const page = (name: string): Promise<string> => ok('exec', name, 'sh', '-c', 'curl -sL http://localhost/ || true')
  await start('pma', 'secret')
  await instance.until(
    () => page('pma'),
    (text) => /Server version:.*10\.11\./s.test(text),
  )
  await start('pma-wrong', 'wrong')
  await instance.until(
    () => page('pma-wrong'),
    (text) => text.includes('Access denied for user'),
  )
})
