import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { IsolatedInstance } from './isolated-instance.ts'
import { Projects } from './projects.ts'

/** What public sample projects bring up beside their own services, made from Debian's packages: used as their users do. */
const instance = new IsolatedInstance()
const { ok } = instance
const { directory } = new Projects(instance)

before(() => instance.start())
after(() => instance.stop())

const addressOf = (container: string): Promise<string> =>
  ok('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container)

async function upWith(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const { code, out, err } = await instance.command('./galley', ['up', directory(name, files)], { timeout: 290_000 })
  assert.equal(code, 0, `${out}${err}`)
}

test('hello-world says that running works, and what happened', async () => {
  assert.match(await ok('run', '--rm', 'hello-world'), /^Hello from Docker!$[^]*Galley made this one itself/m)
})

test('valkey answers, keeps what it was told, and runs as user valkey', async () => {
  await instance.pulled('valkey/valkey:8-alpine')
  await ok('run', '-d', '--name', 'valkey', '-v', 'valkey:/data', 'valkey/valkey:8-alpine', '--appendonly', 'yes')
  await instance.until(
    () => instance.succeeds('valkey', 'valkey-cli', 'set', 'dish', 'soup'),
    (value) => value,
  )
  await ok('restart', 'valkey')
  await instance.until(
    () => instance.succeeds('valkey', 'valkey-cli', 'ping'),
    (value) => value,
  )
  assert.equal(await ok('exec', 'valkey', 'valkey-cli', 'get', 'dish'), 'soup')
  assert.equal(await ok('exec', 'valkey', 'stat', '-c', '%U', '/proc/1', '/data'), 'valkey\nvalkey')
})

test('prometheus reads the configuration that is mounted, and collects the numbers of a node exporter', async () => {
  await upWith('measured', {
    'compose.yaml': `services:
  prometheus:
    image: prom/prometheus
    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml:ro", "data:/prometheus"]
    command: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", "--web.console.libraries=/usr/share/prometheus/console_libraries"]
  node: { image: "prom/node-exporter:latest" }
volumes: { data: {} }
`,
    'prometheus.yml':
      'global: { scrape_interval: 1s }\nscrape_configs: [{ job_name: machine, static_configs: [{ targets: ["node:9100"] }] }]\n',
  })
  const address = await addressOf('measured-prometheus-1')
  await instance.until(
    () => instance.fetched(`http://${address}:9090/api/v1/query?query=up`),
    (text) => /"job":"machine"\},"value":\[[\d.]+,"1"\]/.test(text),
  )
  assert.equal(await ok('exec', 'measured-prometheus-1', 'id', '-un'), 'nobody')
  assert.match(await ok('exec', 'measured-prometheus-1', 'promtool', 'check', 'config', '/etc/prometheus/prometheus.yml'), /SUCCESS/)
})

test('adminer proposes the server that is set, with a design and a plugin, and refuses a plugin that is not there', async () => {
  await instance.pulled('adminer')
  const settings = ['-e', 'ADMINER_DEFAULT_SERVER=my-database', '-e', 'ADMINER_DESIGN=flat', '-e', 'ADMINER_PLUGINS=tables-filter']
  await ok('run', '-d', '--name', 'adminer', ...settings, 'adminer')
  const page = await instance.fetched(`http://${await addressOf('adminer')}:8080/`)
  assert.match(page, /name="auth\[server\]" value="my-database"/)
  assert.match(page, /adminer\.css/)
  assert.equal(await ok('exec', 'adminer', 'id', '-un'), 'adminer')
  const { code, err } = await instance.docker('run', '--rm', '-e', 'ADMINER_PLUGINS=no-such', 'adminer')
  assert.equal(code, 1)
  assert.match(err, /Adminer has no plugin no-such/)
})

test('wordpress is set up from its variables, installs itself into its database, and keeps a theme that is mounted', async (context) => {
  if (!(await instance.isAtHand(context, 'mariadb:11'))) return
  const theme = `${instance.home}/theme`
  mkdirSync(theme)
  writeFileSync(`${theme}/style.css`, '/*\nTheme Name: Ours\n*/\n')
  writeFileSync(`${theme}/index.php`, '<?php echo "<h1>", get_bloginfo("name"), " with our theme</h1>";\n')
  await upWith('press', {
    'compose.yaml': `services:
  db:
    image: mariadb:11
    environment: { MYSQL_ROOT_PASSWORD: somewordpress, MYSQL_DATABASE: wordpress, MYSQL_USER: wordpress, MYSQL_PASSWORD: wordpress }
  site:
    image: wordpress:latest
    environment:
      WORDPRESS_DB_HOST: db
      WORDPRESS_DB_USER: wordpress
      WORDPRESS_DB_PASSWORD_FILE: /run/secrets/password
      WORDPRESS_DB_NAME: wordpress
      WORDPRESS_CONFIG_EXTRA: define('WP_DEFAULT_THEME', 'ours');
    secrets: [password]
    volumes: ["site:/var/www/html", "${theme}:/var/www/html/wp-content/themes/ours:ro"]
volumes: { site: {} }
secrets: { password: { file: ./password } }
`,
    password: 'wordpress\n',
  })
  const site = `http://${await addressOf('press-site-1')}`
  await instance.until(
    () => instance.fetched(`${site}/wp-admin/install.php?step=1`),
    (text) => text.includes('weblog_title'),
  )
  const form = new URLSearchParams({
    weblog_title: 'Meals',
    user_name: 'cook',
    admin_password: 'a long secret',
    admin_password2: 'a long secret',
    admin_email: 'cook@example.com',
  })
  const installed = await fetch(`${site}/wp-admin/install.php?step=2`, { method: 'POST', body: form })
  assert.match(await installed.text(), /Success!/)
  assert.match(await instance.fetched(`${site}/`), /Meals with our theme/)
  assert.match(await ok('exec', 'press-site-1', 'ls', 'wp-content/themes'), /^ours\ntwentytwentyfive$/)
  const keys = await ok('exec', 'press-site-1', 'grep', '-c', 'put your unique phrase', 'wp-config.php').catch(() => 'none')
  assert.equal(keys, 'none', 'each site has keys of its own')
})
