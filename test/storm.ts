import { request } from 'node:http'
import { sleep, systemClock } from '#base/clock.ts'

/** Many clients that ask for anything of a few containers, networks and images at once, at random. */

export interface Storm {
  /** Path of the Engine API's socket. */
  readonly socket: string
  readonly clients: number
  /** Milliseconds for which new requests are begun. */
  readonly lasts: number
  readonly seed: number
}

/** What nobody may be answered, in the order in which it happened. */
export type Complaints = string[]

interface Dice {
  (sides: number): number
}

const names = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5']
const networks = ['n0', 'n1', 'n2']
/** Milliseconds after which a request that is not answered is given up: many wait for each other's stops, of a second each, on a machine of any speed. */
const patience = 120_000

/** Runs a storm; resolves with what went wrong. Kinds of answers by request are counted in `tally`. */
export async function storm({ socket, clients, lasts, seed }: Storm, tally = new Map<string, number>()): Promise<Complaints> {
  const complaints: Complaints = []
  const end = Date.now() + lasts
  const ask = async (call: string, body?: object): Promise<unknown> => {
    const { status, text } = await answerOf(socket, call, body)
    const kind = `${call.split('?')[0]?.replace(/[0-9a-f]{64}|\b[cn]\d\b/, '*')} ${status}`
    tally.set(kind, (tally.get(kind) ?? 0) + 1)
    // What is not implemented is not asked for: each of these is a bug.
    if (status >= 500 || status === 0) complaints.push(`${call} ${JSON.stringify(body ?? {})}: ${status} ${text}`)
    try {
      return JSON.parse(text) as unknown
    } catch {
      return undefined
    }
  }
  await Promise.all(
    Array.from({ length: clients }, async (_, number) => {
      const dice = diceOf(seed * 1000 + number)
      while (Date.now() < end) {
        await deeds[dice(deeds.length)]?.(ask, dice)
        if (dice(4) === 0) await sleep(systemClock, dice(30))
      }
    }),
  )
  return complaints
}

type Ask = (call: string, body?: object) => Promise<unknown>
type Deed = (ask: Ask, dice: Dice) => Promise<unknown>

const one = (from: readonly string[], dice: Dice): string => from[dice(from.length)] ?? ''

const make: Deed = (ask, dice) =>
  ask(`POST /containers/create?name=${one(names, dice)}`, {
    Image: one(['box', 'other'], dice),
    Cmd: [['sleep', '1000'], ['true'], ['sh', '-c', 'sleep 0.2; exit 3'], ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']][
      dice(4)
    ],
    Tty: dice(5) === 0,
    OpenStdin: dice(5) === 0,
    Volumes: dice(3) === 0 ? { '/anonymous': {} } : {},
    Healthcheck: dice(4) === 0 ? { Test: ['CMD', 'true'], Interval: 200_000_000 } : undefined,
    ExposedPorts: { '80/tcp': {}, '81/udp': {} },
    HostConfig: {
      AutoRemove: dice(4) === 0,
      NetworkMode: one([...networks, 'bridge', 'none', 'host', `container:${one(names, dice)}`], dice),
      Binds: dice(3) === 0 ? [`v${dice(4)}:/named`] : [],
      PortBindings: dice(3) === 0 ? { '80/tcp': [{ HostPort: '' }], '81/udp': [{ HostPort: '' }] } : {},
      RestartPolicy: dice(4) === 0 ? { Name: one(['always', 'on-failure'], dice) } : {},
    },
  })

const exec: Deed = async (ask, dice) => {
  const made = (await ask(`POST /containers/${one(names, dice)}/exec`, {
    Cmd: [['true'], ['sleep', '0.1'], ['nothing-like-this']][dice(3)],
    AttachStdout: true,
    Tty: dice(4) === 0,
  })) as { Id?: string } | undefined
  if (made?.Id === undefined || dice(6) === 0) return
  await ask(`POST /exec/${made.Id}/start`, { Detach: true })
  await ask(`GET /exec/${made.Id}/json`)
}

/** Of a container of any name. */
const of =
  (method: string, path: string, body?: (dice: Dice) => object): Deed =>
  (ask, dice) =>
    ask(`${method} /containers/${one(names, dice)}${path}`, body?.(dice))

const start = of('POST', '/start')
const remove = of('DELETE', '?force=1&v=1')

const deeds: readonly Deed[] = [
  make,
  make,
  make,
  start,
  start,
  start,
  start,
  of('POST', '/stop?t=1'),
  of('POST', '/stop?t=0'),
  of('POST', '/restart?t=0'),
  of('POST', '/restart?t=0'),
  of('POST', '/kill'),
  of('POST', '/kill?signal=TERM'),
  of('POST', '/kill?signal=HUP'),
  of('POST', '/pause'),
  of('POST', '/unpause'),
  of('POST', '/unpause'),
  (ask, dice) => ask(`POST /containers/${one(names, dice)}/rename?name=${one(names, dice)}`),
  remove,
  remove,
  of('DELETE', ''),
  of('POST', '/update', (dice) => ({
    Memory: (64 + dice(64)) << 20,
    MemorySwap: -1,
    ...(dice(2) === 0 && { RestartPolicy: { Name: 'no' } }),
  })),
  of('GET', '/json?size=1'),
  of('GET', '/top'),
  of('GET', '/logs?stdout=1'),
  of('GET', '/stats?stream=0&one-shot=1'),
  of('GET', '/changes'),
  of('GET', '/archive?path=/etc/hosts'),
  of('GET', '/export'),
  (ask, dice) => (dice(5) === 0 ? ask(`POST /commit?container=${one(names, dice)}&repo=made`) : Promise.resolve()),
  (ask) => ask('DELETE /images/made'),
  // Mounted while a container has it.
  (ask) => ask('POST /volumes/create', { Name: 'v3', DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' } }),
  of('POST', '/resize?h=20&w=40'),
  exec,
  exec,
  exec,
  (ask, dice) => ask(`POST /networks/create`, { Name: one(networks, dice), EnableIPv6: dice(2) === 0 }),
  (ask, dice) => ask(`POST /networks/create`, { Name: one(networks, dice) }),
  (ask, dice) => ask(`POST /networks/${one(networks, dice)}/connect`, { Container: one(names, dice) }),
  (ask, dice) => ask(`POST /networks/${one(networks, dice)}/connect`, { Container: one(names, dice) }),
  (ask, dice) => ask(`POST /networks/${one(networks, dice)}/disconnect`, { Container: one(names, dice), Force: dice(2) === 0 }),
  (ask, dice) => ask(`DELETE /networks/${one(networks, dice)}`),
  (ask, dice) => (dice(3) === 0 ? ask('POST /networks/prune') : Promise.resolve()),
  (ask) => ask('POST /volumes/prune?filters={"all":["true"]}'),
  (ask, dice) => ask(`DELETE /volumes/v${dice(4)}`),
  (ask) => ask('POST /images/box/tag?repo=other'),
  (ask) => ask('DELETE /images/other'),
  (ask, dice) => (dice(5) === 0 ? ask('POST /containers/prune') : Promise.resolve()),
  (ask) => ask('GET /containers/json?all=1&size=1'),
  (ask, dice) => (dice(5) === 0 ? ask('GET /system/df') : Promise.resolve()),
]

function answerOf(socketPath: string, call: string, body?: object): Promise<{ readonly status: number; readonly text: string }> {
  const [method = '', path = ''] = call.split(' ')
  return new Promise((resolve) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const asked = request({ socketPath, method, path: encodeURI(path), headers, timeout: patience }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.once('close', () => resolve({ status: answer.complete ? (answer.statusCode ?? 0) : 0, text }))
    })
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.once('error', (error) => resolve({ status: 0, text: String(error) }))
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** Numbers that are the same for the same seed (mulberry32). */
function diceOf(seed: number): Dice {
  let state = seed
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides
  }
}
