import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Outcome } from './instance.ts'
import { IsolatedInstance } from './isolated-instance.ts'
import { Load, loadScript } from './load.ts'
import { usePlugins } from './plugins.ts'
import { copyOf, declareAnew, edit, has, keep, samples, type Copy, type Data, type Sample } from './samples.ts'

/** The projects of `examples/`, each from its sources to its end, on images that were made here; and the lecture's own mistake, explained. */
const instance = new IsolatedInstance()
const minutes = 60_000
const hasCompose = await usePlugins(instance, 'docker-compose', 'docker-buildx')

before(async () => {
  await instance.start()
  writeFileSync(`${instance.home}/load.js`, loadScript)
})
after(() => instance.stop())

function galley(...args: string[]): Promise<Outcome> {
  return instance.command('./galley', args, { timeout: 9 * minutes })
}

async function succeeds(...args: string[]): Promise<Outcome> {
  const outcome = await galley(...args)
  assert.equal(outcome.code, 0, `${outcome.out}${outcome.err}`)
  return outcome
}

/** Clients that ask for a page all the while something is done; none of their requests may fail. */
async function underLoad(
  what: string,
  { url, first = '', last = '' }: { readonly url: string; readonly first?: string; readonly last?: string },
  doIt: () => Promise<void>,
): Promise<readonly string[]> {
  const load = new Load(what, [process.execPath, `${instance.home}/load.js`, `${url}/`, 'no', '2'], instance.socket)
  const seen = (words: string): Promise<boolean> =>
    instance.until(
      () => load.hasSeen(words),
      (has) => has,
    )
  await seen(first)
  await doIt()
  await seen(last)
  const { answers, failures } = await load.stop()
  assert.deepEqual(failures, [], `${what}\n${failures.length === 0 ? '' : await lastWords()}`)
  return Object.keys(answers)
}

/** What all containers wrote at last, to see why a request failed. */
async function lastWords(): Promise<string> {
  const ids = (await instance.ok('ps', '-aq')).split('\n')
  const logs = await Promise.all(ids.map((id) => instance.docker('logs', '--tail', '20', id)))
  return logs.map(({ out, err }) => out + err).join('\n')
}

/** Containers, networks, volumes, and what is mounted for containers. */
async function things(): Promise<readonly string[]> {
  const lists = [
    ['ps', '-aq'],
    ['network', 'ls', '-q'],
    ['volume', 'ls', '-q'],
  ]
  const listed = await Promise.all(lists.map((words) => instance.ok(...words)))
  const mounted = instance.mounts().filter((line) => /\/merged |\/netns\//.test(line))
  return [...listed.flatMap((text) => text.split('\n')), ...mounted].toSorted()
}

async function updates({ directory, url }: Copy, { service, source, page }: Sample): Promise<void> {
  edit(directory, source)
  const after = page.replace(source.before, source.after)
  const pages = await underLoad('an update', { url, first: page, last: after }, async () => {
    const { err } = await succeeds('up', directory, '--build')
    assert.doesNotMatch(err, new RegExp(`${service} stops before`))
  })
  for (const words of [page, after])
    assert.ok(
      pages.some((text) => text.includes(words)),
      `nobody saw ${words}`,
    )
  assert.match(await instance.fetched(url), new RegExp(after))
}

async function survives({ url }: Copy): Promise<void> {
  await underLoad('kill -9 of the daemon', { url }, async () => {
    const daemon = instance.killDaemon()
    await instance.anotherDaemon(daemon)
  })
}

/** What keeps data can't run twice: its next version comes after it, says so, and finds what was kept. */
async function keepsItsData({ directory, url }: Copy, data: Data): Promise<void> {
  declareAnew(directory, data.service)
  const { err } = await succeeds('up', directory)
  assert.match(err, new RegExp(`${data.service} stops before its next version starts: (writes to|keeps data in) `))
  // Java asks for an address again after half a minute only.
  await instance.until(
    () => has(url, data, 'soup'),
    (there) => there,
  )
}

test('galley lint has nothing to say of the examples, but of the lecture', async () => {
  for (const { name } of samples.filter((sample) => sample.name !== 'meal')) {
    const { code, out, err } = await galley('lint', `examples/${name}`)
    assert.equal(code, 0, name)
    assert.match(`${out}${err}`, /^(Advice besides: \d+\. The same command with --advice tells it\.\n)?$/, name)
  }
})

for (const sample of samples) {
  const { name, page, data } = sample
  test(`${name}: up, traffic, an update and a kill -9 without a failed request, down, nothing left`, async () => {
    const before = await things()
    const copy = await copyOf(instance, name)
    const { directory, url } = copy
    const { out } = await succeeds('up', directory)
    assert.match(out, new RegExp(`${url}\\n$`))
    assert.ok((await instance.fetched(url)).includes(page))
    if (data !== undefined) {
      await keep(url, data, 'soup')
      assert.ok(await has(url, data, 'soup'))
    }
    await updates(copy, sample)
    await survives(copy)
    if (data !== undefined) {
      assert.ok(await has(url, data, 'soup'), 'kept beyond an update and a kill')
      await keepsItsData(copy, data)
    }
    await succeeds('down', '-v', directory)
    assert.deepEqual(await things(), before)
  })
}

for (const sample of samples) {
  const { name, page, data, notWithCompose } = sample
  const skip = notWithCompose ?? (hasCompose ? false : 'no suite that has docker compose and buildx can be reached')
  test(`${name}, with docker compose 2.40`, { skip }, async () => {
    const before = await things()
    const { directory, url } = await copyOf(instance, name, 'compose')
    const compose = async (...args: string[]): Promise<void> => {
      const { code, out, err } = await instance.command('docker', ['compose', ...args], { cwd: directory, timeout: 4 * minutes })
      assert.equal(code, 0, `${args.join(' ')}\n${out}${err}`)
    }
    await compose('up', '-d', '--build', '--wait')
    assert.ok((await instance.fetched(url)).includes(page))
    if (data !== undefined) {
      await keep(url, data, 'soup')
      assert.ok(await has(url, data, 'soup'))
    }
    await compose('down', '-v')
    assert.deepEqual(await things(), before)
  })
}

test('how packages of npm were reached is in no history', async () => {
  assert.doesNotMatch(await instance.ok('history', '--no-trunc', 'node-redis-nginx-web'), /GLOBALCONFIG|npmrc|registry/)
})

test("galley up examples/lecture says why the lecture's own file fails, and which line to change to what", async () => {
  const { directory } = await copyOf(instance, 'lecture')
  const { code, out, err } = await galley('up', directory)
  assert.equal(code, 1, out + err)
  assert.match(err, /inside spring-app.*nothing listened on localhost:3306/)
  assert.match(err, /service mysql listens on port 3306; both are on the network lecture_test_network/)
  assert.match(
    err,
    /--- .*docker-compose\.yml\n.*\n.*@@ -26 \+26 @@\n.*- +SPRING_DATASOURCE_URL: "jdbc:mysql:\/\/localhost:3306\/meal"\n.*\+ +SPRING_DATASOURCE_URL: "jdbc:mysql:\/\/mysql:3306\/meal"/,
  )
  assert.match(await instance.ok('ps', '-a', '--format', '{{.Names}}'), /spring-app/, 'the failed service is left as it is')
  await galley('down', '-v', directory)
})
