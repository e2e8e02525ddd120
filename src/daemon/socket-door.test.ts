import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer, request, type IncomingMessage } from 'node:http'
import { createServer as createPlainServer } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { sleep, systemClock } from '#base/clock.ts'
import { FakeClock } from '#base/fake-clock.ts'
import { jsonLog } from '#base/log.ts'
import { openSocket } from './socket-door.ts'

test('the socket takes the place of the one that is left over, so that there always is one, and closing leaves none', async (t) => {
  const home = mkdtempSync(`${tmpdir()}/galley-door-`)
  t.after(() => rmSync(home, { recursive: true }))
  const path = `${home}/docker.sock`
  const left = createPlainServer().listen(path)
  t.after(() => left.close())
  await once(left, 'listening')
  const log = jsonLog(
    () => undefined,
    () => 0,
  )
  const door = await openSocket({
    path,
    log,
    clock: new FakeClock(),
    listeners: { listen: (_, { open }) => open() },
    make: () => {
      // A client that finds none takes the daemon for one that was stopped.
      assert.equal(existsSync(path), true)
      return createServer((_, response) => response.end())
    },
  })
  assert.equal(statSync(path).mode & 0o777, 0o660)
  const [answer] = (await once(request({ socketPath: path, agent: false }).end(), 'response')) as [IncomingMessage]
  assert.equal(answer.resume().statusCode, 200)
  door[Symbol.dispose]()
  assert.deepEqual(readdirSync(home), [])
})

test('a socket that was deleted, and for which there is no room now, is made anew when there is', async (t) => {
  const home = mkdtempSync(`${tmpdir()}/galley-door-`)
  t.after(() => rmSync(home, { recursive: true }))
  const path = `${home}/docker.sock`
  const clock = new FakeClock()
  let isFull = false
  const door = await openSocket({
    path,
    clock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    listeners: {
      listen: async (_, { open }) => {
        if (isFull) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        await open()
      },
    },
    make: () => createServer((_, response) => response.end()),
  })
  isFull = true
  rmSync(path)
  for (let look = 0; look < 3000 && clock.waiting === 0; look++) await sleep(systemClock, 10)
  await clock.advance(1000)
  for (let look = 0; look < 3000 && clock.waiting === 0; look++) await sleep(systemClock, 10)
  isFull = false
  await clock.advance(1000)
  for (let look = 0; look < 3000 && !existsSync(path); look++) await sleep(systemClock, 10)
  assert.equal(existsSync(path), true)
  door[Symbol.dispose]()
})
