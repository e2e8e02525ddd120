import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'
import { Projects } from './projects.ts'

/** Projects as people write them beside those of `examples/`, on images that were all made here. */
const instance = new IsolatedInstance()
const { directory } = new Projects(instance)

before(() => instance.start())
after(() => instance.stop())

/** Brings a project up and resolves with what its proxy answers; until what is behind it listens, that is its own error. */
async function served(home: string, proxy: string): Promise<string> {
  const { code, out, err } = await instance.command('./galley', ['up', home], { timeout: 280_000 })
  assert.equal(code, 0, `${out}${err}`)
  const address = await instance.ok('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', proxy)
  return await instance.until(
    () => instance.fetched(`http://${address}/`),
    (text) => !text.includes('502 Bad Gateway'),
  )
}

test('a PHP application behind nginx, with its database', async (context) => {
  if (!(await instance.isAtHand(context, 'php:8.3-fpm', 'mariadb:11', 'nginx:1.26'))) return
  const home = directory('dishes', {
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
  assert.equal(await served(home, 'dishes-proxy-1'), 'soup\nrice\n')
})
