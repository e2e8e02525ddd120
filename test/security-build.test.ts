import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { BuildContexts } from './build-contexts.ts'
import { Instance, type Outcome } from './instance.ts'

/** Malicious Dockerfiles, contexts and base images: what a build may neither read nor change, nor leave behind. */
const instance = new Instance()
const { build, built, directory, shown } = new BuildContexts(instance)
/** A directory of the host that nothing may read or change. */
const secret = `${instance.home}/secret`

before(async () => {
  await instance.start()
  await instance.importBox()
  mkdirSync(secret, { mode: 0o700 })
  writeFileSync(`${secret}/passwd`, 'operator:x:4242:4242::/:/bin/sh\n')
  await built(
    { Dockerfile: `FROM box\nRUN ln -s ${secret} /link && ln -s ../../../../../..${secret} /climb && ln -s /proc/self/fd /fds\n` },
    '-t',
    'evil',
  )
})

after(() => instance.stop())

function unharmed({ out, err }: Outcome): void {
  // Not the number alone, which ids of what is pruned have in them now and then.
  assert.ok(!`${out}${err}`.includes('x:4242:4242'), `${out}${err}`)
  assert.deepEqual(readdirSync(secret), ['passwd'])
  assert.equal(readFileSync(`${secret}/passwd`, 'utf8'), 'operator:x:4242:4242::/:/bin/sh\n')
  assert.equal(statSync(secret).mode & 0o777, 0o700)
}

const look = 'cat /in/* /in 2>/dev/null; touch /in/planted 2>/dev/null; true'

const mounts = [
  'type=bind,from=evil,source=/link,target=/in',
  'type=bind,from=evil,source=/climb,target=/in,rw',
  `type=bind,from=evil,source=../../../../../..${secret},target=/in`,
  `type=bind,source=../../../../../..${secret},target=/in`,
  'type=bind,source=link,target=/in,rw',
  'type=bind,source=up,target=/in',
  `type=cache,id=../../../../../..${secret},target=/in`,
  'type=cache,id=one,from=evil,source=/link,target=/in',
  'type=cache,id=two,from=evil,source=/climb,target=/in',
  `type=cache,id=three,from=evil,source=../../../../../..${secret},target=/in`,
  `type=tmpfs,target=../../../../../..${secret}`,
]

for (const mount of mounts) {
  test(`a mount leads nowhere outside: ${mount.replaceAll(secret, '/secret')} (CVE-2024-23651, CVE-2024-9675)`, async () => {
    const context = directory({ Dockerfile: `FROM box\nRUN --mount=${mount} ${look}\n` })
    symlinkSync(secret, `${context}/link`)
    symlinkSync('../../../../../../../..', `${context}/up`)
    unharmed(await instance.docker('build', '--no-cache', context))
  })
}

test('what is mounted below a link of the image is mounted inside, and only its own places go away (CVE-2024-23652)', async () => {
  const targets = ['/link', '/link/new', '/climb/new', '/link/passwd']
  for (const target of targets) {
    unharmed(await build({ Dockerfile: `FROM evil\nRUN --mount=type=tmpfs,target=${target} touch ${target}/planted\n` }))
    unharmed(
      await build({ Dockerfile: `FROM evil\nRUN --mount=type=cache,target=${target} rm -rf ${target}; ln -s ${secret} ${target}; true\n` }),
    )
  }
  // The step swaps the place of its mount's parent for a link to the host; what is cleared away is looked for inside all the same.
  const swap = `mkdir -p /a; rm -rf /a 2>/dev/null; mv /a /b; ln -s ${secret} /a; true`
  unharmed(await build({ Dockerfile: `FROM box\nRUN --mount=type=bind,source=f,target=/a/passwd ${swap}\n`, f: 'x' }))
})

test('a cache that a step filled with links is copied, mounted and pruned without following them', async () => {
  const fill = `ln -s ${secret} /c/link; ln -s ../../../../../../..${secret} /c/climb; busybox mkfifo /c/pipe; true`
  await built({ Dockerfile: `FROM box\nRUN --mount=type=cache,id=links,target=/c ${fill}\n` })
  unharmed(await build({ Dockerfile: 'FROM box\nRUN --mount=type=cache,id=links,target=/in cat /in/link/passwd /in/climb/passwd; true\n' }))
  unharmed(await instance.docker('builder', 'prune', '-af'))
})

test('nothing is copied through links of another stage, image or context', async () => {
  for (const source of ['/link/passwd', '/climb/passwd', `../../../../../..${secret}/passwd`, '/fds/9/passwd'])
    unharmed(await build({ Dockerfile: `FROM box\nCOPY --from=evil ${source} /stolen\nRUN cat /stolen\n` }))
  await built({ Dockerfile: 'FROM evil\nCOPY f /link/f\nCOPY f /climb/f\nADD f /link/passwd\n', f: 'mine\n' }, '-t', 'written')
  assert.equal(await shown('written', `cat ${secret}/f ${secret}/passwd`), 'mine\nmine')
  unharmed(await build({ Dockerfile: 'FROM evil\nWORKDIR /link/deep\nRUN pwd; cat ../passwd; true\n' }))
  unharmed(await build({ Dockerfile: `FROM evil\nWORKDIR /fds/8\nRUN cat ../../../../..${secret}/passwd; true\n` }))
})

test('owners and users that overflow are refused, not turned into root (CVE-2024-40635)', async () => {
  for (const owner of ['4294967296', '2147483648', '-1', '0:4294967296', '1e1']) {
    const copied = await build({ Dockerfile: `FROM box\nCOPY --chown=${owner} f /f\n`, f: 'x' })
    assert.notEqual(copied.code, 0, `COPY --chown=${owner}`)
    assert.notEqual((await build({ Dockerfile: `FROM box\nUSER ${owner}\nRUN id\n` })).code, 0, `USER ${owner}`)
  }
})

test('no more is let in than a Dockerfile may ask for (CVE-2024-23653)', async () => {
  for (const line of ['RUN --security=insecure true', 'RUN --network=host true', 'RUN --device=all,required true'])
    assert.notEqual((await build({ Dockerfile: `FROM box\n${line}\n` })).code, 0, line)
  for (const mount of ['type=bind,source=/,target=/', 'type=host,source=/,target=/in', 'type=bind,from=/etc,target=/in'])
    assert.notEqual((await build({ Dockerfile: `FROM box\nRUN --mount=${mount} true\n` })).code, 0, mount)
})

test('a label of an image is text, whatever stands in it (CVE-2026-53488)', async () => {
  const marker = `${instance.home}/ran`
  await built({ Dockerfile: `FROM box\nLABEL io.x.run='$(touch ${marker})' "a\\nb"="x;touch ${marker}"\n` }, '-t', 'labelled')
  await instance.ok('run', '--rm', 'labelled', 'true')
  assert.ok(!readdirSync(instance.home).includes('ran'))
})

test('a step taken from the cache is that of the same base, files and command (CVE-2024-24557)', async () => {
  // An image that claims another one's history, made by import, is no source of cached steps.
  await built({ Dockerfile: 'FROM box\nRUN echo good >/f\n' }, '-t', 'honest')
  const { code, err } = await instance.command('docker', [
    'import',
    '-m',
    '/bin/sh -c echo good >/f',
    `${instance.home}/rootfs.tar`,
    'forged',
  ])
  assert.equal(code, 0, err)
  await instance.ok('builder', 'prune', '-af')
  await built({ Dockerfile: 'FROM box\nRUN echo good >/f\n' }, '-t', 'again', '--cache-from', 'forged')
  assert.equal(await shown('again', 'cat /f'), 'good')
})

test('builds leave neither mounts nor working directories', async () => {
  await instance.until(
    () => readdirSync(`${instance.data}/build/work`),
    (left) => left.length === 0,
  )
  assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(secret))
})
