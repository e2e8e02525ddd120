import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf } from '#base/error.ts'
import type { PublishedPort } from '#engine/containers/model.ts'
import { PortReservations } from './ports.ts'

const wish = (containerPort: number, hostPort = 0): PublishedPort => ({ containerPort, hostPort, hostIp: '127.0.0.1', protocol: 'tcp' })

test('a port that is asked for by its number is not given to one that may have any', () => {
  const reservations = new PortReservations()
  // Others of this machine may be quicker with one of them.
  for (let tries = 0; tries < 20; tries++) {
    const [{ hostPort } = wish(0)] = reservations.reserve('before', [wish(80)])
    try {
      const ports = reservations.reserve('both', [wish(80), wish(8080, hostPort + 1)])
      assert.deepEqual(ports.map(({ containerPort }) => containerPort).toSorted(), [80, 8080])
      assert.equal(ports.find(({ containerPort }) => containerPort === 8080)?.hostPort, hostPort + 1)
      return
    } catch (error) {
      if (kindOf(error) !== 'conflict' || !String(error).includes('process')) throw error
    }
  }
  assert.fail('no two ports that follow each other were free')
})
