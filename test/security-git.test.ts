import assert from 'node:assert/strict'
import { createReadStream, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { Instance, type Outcome } from './instance.ts'

/** Malicious repositories and their addresses: what a build that takes files from git may neither read, start nor leave behind. */
const instance = new Instance()
const { build, shown } = new BuildContexts(instance)
const served = `${instance.home}/served`
/** A directory of the host that nothing may read or change. */
const secret = `${instance.home}/secret`
const word = 'kept-from-every-repository'
const skip = existsSync('/usr/bin/git') ? false : 'git is not installed'

/** git's dumb protocol: files, and what is asked of them is told. */
const server = createServer((request, response) => {
  const path = decodeURIComponent((request.url ?? '').replace(/\?.*$/, ''))
  if (path.startsWith('/away.git/')) return void response.writeHead(302, { location: `file://${served}/good.git${path.slice(9)}` }).end()
  const file = `${served}${path}`
  if (path.includes('..') || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return void response.writeHead(404).end()
  createReadStream(file).pipe(response)
})
let address = ''

before(async () => {
  await instance.start()
  await instance.importBox()
  mkdirSync(secret, { mode: 0o700 })
  mkdirSync(served)
  writeFileSync(`${secret}/file`, `${word}\n`)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  if (skip === false) await repository('good', 'echo good >file; mkdir -p sub; echo below >sub/file')
})

after(async () => {
  server.close()
  await instance.stop()
})

/** Makes a bare repository that is served; the scripts run in its working tree, before all of it is added, and before it is committed. */
async function repository(name: string, script: string, added = ''): Promise<string> {
  const whole = `set -e; mkdir ${instance.home}/${name}; cd ${instance.home}/${name}; git init -q -b main
${script}
git add -A; ${added}
git -c user.email=a@b.c -c user.name=n commit -q --allow-empty -m one
git clone -q --bare . ${served}/${name}.git; git -C ${served}/${name}.git update-server-info`
  const { code, err } = await instance.command('sh', ['-c', whole])
  assert.equal(code, 0, err)
  return `${address}/${name}.git`
}

/** A repository with one submodule, of this name and address. */
const withSubmodule = (
  name: string,
  { path = 'module', title = 'module', url }: { path?: string; title?: string; url: string },
): Promise<string> =>
  repository(
    name,
    `printf '[submodule "%s"]\\n\\tpath = %s\\n\\turl = %s\\n' '${title}' '${path}' '${url}' >.gitmodules`,
    `git update-index --add --cacheinfo 160000,${'1'.repeat(40)},${path.startsWith('module') ? path : 'module'}`,
  )

const adding = (source: string, flags = ''): Promise<Outcome> =>
  build(
    { Dockerfile: `FROM box\nADD ${flags} ${JSON.stringify([source, '/taken/'])}\nRUN cat /taken/* /taken/*/* 2>/dev/null; true\n` },
    '--no-cache',
    '-t',
    'taken',
  )

/** Nothing of the secret was told or taken, nothing planted, and no program of the repository's choice ran. */
function unharmed({ out, err }: Outcome): void {
  assert.ok(!`${out}${err}`.includes(word), `${out}${err}`)
  assert.deepEqual(readdirSync(secret), ['file'])
}

test('a repository that means no harm is added', { skip }, async () => {
  const { code, err } = await adding(`${address}/good.git`)
  assert.equal(code, 0, err)
  assert.equal(await shown('taken', 'cat /taken/file /taken/sub/file'), 'good\nbelow')
})

const urls = {
  program: `ext::sh -c "touch% ${secret}/planted"`,
  file: `file://${served}/good.git`,
  path: `${served}/good.git`,
  'relative path': '../../../../../../..' + served + '/good.git',
  option: `--upload-pack=touch ${secret}/planted`,
  ssh: `ssh://-oProxyCommand=touch%20${secret}/planted/x`,
}
for (const [index, [what, url]] of Object.entries(urls).entries()) {
  test(`a submodule cannot name ${what} as where it comes from (CVE-2017-1000117, CVE-2018-17456, CVE-2022-39253)`, { skip }, async () => {
    const outcome = await adding(await withSubmodule(`urls-${index}`, { url }))
    unharmed(outcome)
    assert.notEqual(outcome.code, 0, 'a submodule that cannot be had fails the build')
  })
}

test('a submodule’s name and path lead nowhere (CVE-2018-11235)', { skip }, async () => {
  const places = [{ title: '../../../../..' + secret }, { path: '../../../../..' + secret }, { path: '-u./payload' }, { title: '../hooks' }]
  for (const [index, place] of places.entries())
    unharmed(await adding(await withSubmodule(`places-${index}`, { url: `${address}/good.git`, ...place })))
})

test('links of a repository stay links, and lead to nothing of the host', { skip }, async () => {
  const links = await repository(
    'links',
    `ln -s ${secret} link; ln -s ${secret}/file Dockerfile; ln -s ../../../../../../..${secret}/file climb; ln -s /proc/self/environ environ`,
  )
  unharmed(await adding(links))
  for (const inside of ['link', 'link/file', 'climb', `../../../../../../..${secret}`, '.git/../../secret'])
    unharmed(await adding(`${links}#main:${inside}`))
  // The Dockerfile of a context is read by the daemon itself.
  const body = Buffer.alloc(0)
  const query = new URLSearchParams({ remote: links })
  const { out, err } = await instance.command('curl', [
    '-s',
    '--unix-socket',
    instance.socket,
    '-X',
    'POST',
    '--data-binary',
    body.toString(),
    `http://d/build?${query}`,
  ])
  unharmed({ code: 0, out, err })
})

test('neither an address nor what stands behind it is an option for git', { skip }, async () => {
  const fine = `${address}/good.git`
  for (const source of [
    `${fine}#--upload-pack=touch ${secret}/planted`,
    `${fine}#-c core.fsmonitor=touch ${secret}/planted`,
    `${fine}?ref=--output=${secret}/planted`,
    `${fine}?subdir=../../../../../../..${secret}`,
    `${fine}#main:--help`,
    `--upload-pack=touch${secret}/planted.git`,
    `ext::sh -c touch% ${secret}/planted.git`,
    `file://${served}/good.git`,
    `${address}/away.git`,
    `git://-oProxyCommand=touch/x.git`,
  ]) {
    const outcome = await adding(source)
    unharmed(outcome)
    assert.notEqual(outcome.code, 0, source)
  }
})

test('hooks, filters and configuration that a repository brings are only files', { skip }, async () => {
  const plant = `touch ${secret}/planted`
  const bringing = await repository(
    'bringing',
    `mkdir -p hooks .githooks; for name in hooks/post-checkout .githooks/post-checkout; do printf '#!/bin/sh\\n${plant}\\n' >$name; chmod +x $name; done
printf '* filter=planted\\n*.txt diff=planted\\n' >.gitattributes; echo text >a.txt
printf '[core]\\n\\thooksPath = hooks\\n\\tfsmonitor = ${plant}\\n[filter "planted"]\\n\\tsmudge = ${plant}\\n\\trequired\\n' | tee .gitconfig config >lfsconfig`,
  )
  for (const flags of ['', '--keep-git-dir=true']) {
    const outcome = await adding(bringing, flags)
    unharmed(outcome)
    assert.equal(outcome.code, 0, outcome.err)
  }
  // What a hook of the bare repository would do, where git ran it there.
  writeFileSync(`${served}/bringing.git/hooks/post-upload`, `#!/bin/sh\n${plant}\n`, { mode: 0o755 })
  unharmed(await adding(bringing))
  assert.equal(await shown('taken', 'ls /taken/.git 2>/dev/null | wc -l'), '0')
})
