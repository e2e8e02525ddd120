import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import type { ContainerRow } from './containers.ts'
import { followLogs } from './follow-logs.ts'

const home = mkdtempSync(`${tmpdir()}/galley-follow-`)
process.env['GALLEY_SOCKET'] = `${home}/docker.sock`
after(() => rmSync(home, { recursive: true }))

/** Takes the first that is wanted out of what comes to a list. */
async function taken<T>(list: T[], isWanted: (one: T) => boolean): Promise<T> {
  for (;;) {
    const [found] = list.splice(list.findIndex(isWanted) >>> 0, 1)
    if (found !== undefined) return found
    await sleep(systemClock, 1)
  }
}

/** The container `a` is followed, and a daemon answers what a test has it answer, when it has it do so. */
async function scene(until?: number) {
  const asked: { path: string; response: ServerResponse }[] = []
  const server = createServer(({ url = '' }, response) => {
    asked.push({ path: url.split('?')[0] ?? '', response })
    response.flushHeaders()
  }).listen(`${home}/docker.sock`)
  await once(server, 'listening')
  const shows: { id: string; since: string; end: () => void }[] = []
  const told: string[] = []
  const printer = {
    show: ({ Id: id }: ContainerRow, since = '') => new Promise<void>((end) => shows.push({ id, since, end })),
    tell: ({ Id: id }: ContainerRow, text: string) => void told.push(`${id} ${text}`),
  }
  const row = { Id: 'a', Names: ['/a'], Labels: {}, State: 'running' } as unknown as ContainerRow
  const over = followLogs([row], { project: 'p', printer, isShown: () => true, onFailure: () => void told.push('failed'), until })
  const { response: events } = await taken(asked, ({ path }) => path === '/events')
  return {
    told,
    over,
    happens(Action: string, ID: string, seconds: number) {
      events.write(`${JSON.stringify({ Action, Actor: { ID, Attributes: { exitCode: '4' } }, timeNano: seconds * 1e9 })}\n`)
    },
    shown: (id: string) => taken(shows, (one) => one.id === id),
    /** Resolves with who answers when it is asked how the container is. */
    async look(id: string) {
      const { response } = await taken(asked, ({ path }) => path === `/containers/${id}/json`)
      return (Running: boolean) => void response.end(JSON.stringify({ State: { Running, Restarting: false, ExitCode: 4 } }))
    },
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

test('one that runs again before its end is looked at has started again, and nothing that it wrote since is left out', async () => {
  using world = await scene()
  const first = await world.shown('a')
  world.happens('die', 'a', 5)
  const late = await world.look('a')
  first.end()
  ;(await world.look('a'))(true)
  const second = await world.shown('a')
  assert.equal(second.since, '&since=5')
  assert.deepEqual(world.told, ['a exited with code 4 (restarting)'])
  late(true)
  world.happens('die', 'a', 7)
  ;(await world.look('a'))(false)
  second.end()
  ;(await world.look('a'))(false)
  await world.over
  assert.deepEqual(world.told.slice(1), ['a exited with code 4', 'failed'])
})

test('one that is started again while its end is looked at is followed on', async () => {
  using world = await scene()
  const first = await world.shown('a')
  world.happens('die', 'a', 5)
  ;(await world.look('a'))(false)
  first.end()
  const ended = await world.look('a')
  world.happens('start', 'a', 6)
  world.happens('start', 'b', 6)
  const other = await world.shown('b')
  ended(false)
  const second = await world.shown('a')
  assert.equal(second.since, '&since=5')
  for (const id of ['a', 'b']) {
    world.happens('die', id, 7)
    ;(await world.look(id))(false)
  }
  for (const show of [second, other]) {
    show.end()
    ;(await world.look(show.id))(false)
  }
  await world.over
})

test('where only what was written until then is wanted, one that runs on is not asked again and again', async () => {
  using world = await scene(systemClock.now())
  ;(await world.shown('a')).end()
  await world.over
  assert.deepEqual(world.told, [])
})
