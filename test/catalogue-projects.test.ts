import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'

/** Projects as people write them, on images that were all made here. */
const instance = new IsolatedInstance()

before(() => instance.start())
after(() => instance.stop())

/** Writes a project's files; names may have directories. */
function project(name: string, files: Readonly<Record<string, string>>): string {
  const directory = `${instance.home}/${name}`
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(`${directory}/${file}`.replace(/\/[^/]*$/, ''), { recursive: true })
    writeFileSync(`${directory}/${file}`, text)
  }
  return directory
}

/** Brings a project up and resolves with what its proxy answers. */
async function served(directory: string, proxy: string): Promise<string> {
  const { code, out, err } = await instance.command('./galley', ['up', directory], { timeout: 280_000 })
  assert.equal(code, 0, `${out}${err}`)
  const address = await instance.ok('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', proxy)
  return await instance.fetched(`http://${address}/`)
}

test('a PHP application behind nginx, with its database', async (context) => {
  if (!(await instance.isAtHand(context, 'php:8.3-fpm', 'mariadb:11', 'nginx:1.26'))) return
  const directory = project('dishes', {
    'compose.yaml': `services:
  proxy:
    image: nginx:1.26
    volumes: ["./site.conf:/etc/nginx/conf.d/default.conf:ro", "./app:/var/www/html:ro"]
    depends_on: [app]
  app:
    build: .
    volumes: ["./app:/var/www/html:ro"]
    environment: { DB_HOST: db, DB_USER: cook, DB_PASSWORD: secret, DB_NAME: dishes }
    depends_on:
      db: { condition: service_healthy }
  db:
    image: mariadb:11
    environment: { MARIADB_ROOT_PASSWORD: root, MARIADB_USER: cook, MARIADB_PASSWORD: secret, MARIADB_DATABASE: dishes }
    volumes: ["data:/var/lib/mysql", "./init.sql:/docker-entrypoint-initdb.d/init.sql:ro"]
    healthcheck: { test: ["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"], interval: 1s, retries: 60 }
volumes: { data: {} }
`,
    Dockerfile: 'FROM php:8.3-fpm\nRUN docker-php-ext-install pdo_mysql\n',
    'init.sql': "CREATE TABLE dish (name TEXT); INSERT INTO dish VALUES ('soup'), ('rice');\n",
    'app/index.php': `<?php
$db = new PDO(sprintf('mysql:host=%s;dbname=%s', getenv('DB_HOST'), getenv('DB_NAME')), getenv('DB_USER'), getenv('DB_PASSWORD'));
foreach ($db->query('SELECT name FROM dish') as [$name]) echo $name, "\\n";
`,
    'site.conf': `server {
  listen 80;
  root /var/www/html;
  index index.php;
  location ~ \\.php$ {
    fastcgi_pass app:9000;
    include fastcgi_params;
    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
  }
}
`,
  })
  assert.equal(await served(directory, 'dishes-proxy-1'), 'soup\nrice\n')
})

test('a Node application behind nginx that counts in Redis, with packages from the npm registry', async (context) => {
  if (!(await instance.isAtHand(context, 'node:18-alpine', 'redis:7-alpine', 'nginx:1.26'))) return
  const directory = project('visits', {
    'compose.yaml': `services:
  redis: { image: "redis:7-alpine" }
  web: { build: ./web, depends_on: [redis] }
  proxy:
    image: nginx:1.26
    volumes: ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
    depends_on: [web]
`,
    'nginx.conf': 'server { listen 80; location / { proxy_pass http://web:5000; } }\n',
    'web/Dockerfile':
      'FROM node:18-alpine\nWORKDIR /usr/src/app\nCOPY package.json ./\nRUN npm install --fetch-retries=0 --fetch-timeout=30000\nCOPY server.js ./\nCMD ["npm", "start"]\n',
    'web/package.json':
      '{ "name": "web", "version": "1.0.0", "scripts": { "start": "node server.js" }, "dependencies": { "redis": "3.1.2" } }\n',
    'web/server.js': `const client = require('redis').createClient({ host: 'redis' })
require('node:http')
  .createServer((_, response) => client.incr('visits', (error, count) => response.end(String(error ?? count))))
  .listen(5000)
`,
  })
  const { code, err } = await instance.command('docker', ['build', '-t', 'visits-web', `${directory}/web`], { timeout: 200_000 })
  const unreachable = /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET/.exec(err)?.[0]
  if (code !== 0 && unreachable !== undefined) return context.skip(`the npm registry can't be reached: ${unreachable}`)
  assert.equal(code, 0, err)
  assert.equal(await served(directory, 'visits-proxy-1'), '1')
  const { out } = await instance.docker('history', '--no-trunc', 'visits-web')
  assert.doesNotMatch(out, /GLOBALCONFIG|npmrc|registry/, 'how packages were reached is in no history')
})
