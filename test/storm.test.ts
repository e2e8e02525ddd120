import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configOf } from '#daemon/config.ts'
import { ask } from './engine-api.ts'
import { instanceWithBox } from './instance-with-box.ts'
import { keptOf, keptOfNetworks } from './leftovers.ts'
import { storm } from './storm.ts'

const instance = instanceWithBox()
const seconds = Number(process.env['GALLEY_TEST_STORM'] ?? 20)
const seed = Number(process.env['GALLEY_TEST_SEED'] ?? 1)

/** Mounts of an instance without containers. */
let usual: readonly string[] = []

interface Inspected {
  readonly Id: string
  readonly State: { readonly Status: string; readonly Pid: number }
}

async function inspected(): Promise<Inspected[]> {
  const { body } = await ask(instance.socket, 'GET /containers/json?all=1')
  const answers = await Promise.all((body as { Id: string }[]).map(({ Id }) => ask(instance.socket, `GET /containers/${Id}/json`)))
  return answers.filter(({ status }) => status === 200).map((answer) => answer.body as Inspected)
}

/** Records that say something else than the kernel. */
async function contradictions(): Promise<string[]> {
  return (await inspected()).flatMap(({ Id, State: { Status, Pid } }) => {
    const lives = Pid > 0 && existsSync(`/proc/${Pid}`)
    const inside = processesIn(Id)
    if (['running', 'paused'].includes(Status)) return lives && inside.length > 0 ? [] : [`${Id} is ${Status} without a process`]
    return inside.length === 0 ? [] : [`${Id} is ${Status} with processes ${inside.join()}`]
  })
}

/** Processes in a container's control group, in any hierarchy. */
function processesIn(id: string): string[] {
  const { instance: name } = configOf({ run: instance.run })
  const places = ['', ...readdirSync('/sys/fs/cgroup').map((each) => `/${each}`)].map((each) => `/sys/fs/cgroup${each}/galley-${name}`)
  const files = places
    .flatMap((place) => [`${place}/${id}/cgroup.procs`, `${place}/unlimited/${id}/cgroup.procs`])
    .filter((file) => existsSync(file))
  return [...new Set(files.flatMap((file) => readFileSync(file, 'utf8').split('\n')))].filter((line) => line !== '')
}

function descriptors(): Record<string, number> {
  return Object.fromEntries(
    ['daemon', 'keeper'].map((name) => [
      name,
      readdirSync(`/proc/${readFileSync(`${instance.run}/${name}.pid`, 'utf8').trim()}/fd`).length,
    ]),
  )
}

test('whatever many clients ask for at once, each gets an answer, records say what is, and nothing is left over', async () => {
  usual = instance.mounts()
  const tally = new Map<string, number>()
  // Connections and rooms that are opened once are there from now on.
  assert.deepEqual(await storm({ socket: instance.socket, clients: 8, lasts: 2000, seed: seed + 7 }), [])
  await clearUp()
  const open = descriptors()
  const complaints = await storm({ socket: instance.socket, clients: 32, lasts: seconds * 1000, seed }, tally)
  if (process.env['GALLEY_TEST_TALLY'] !== undefined)
    console.log(
      [...tally]
        .toSorted()
        .map(([kind, count]) => `${count}\t${kind}`)
        .join('\n'),
    )
  assert.deepEqual(complaints, [])
  await instance.until(contradictions, (found) => found.length === 0)
  await clearUp()
  await instance.until(
    () => Object.entries(descriptors()).filter(([name, count]) => count > (open[name] ?? 0) + 4),
    (more) => more.length === 0,
  )
  await instance.ok('version')
  await instance.galley('daemon', 'stop', ...instance.options)
  await instance.start()
  assert.equal(await instance.ok('ps', '-aq'), '')
  assert.equal(await instance.ok('volume', 'ls', '-q'), '')
})

/** Removes everything as a person would. */
async function clearUp(): Promise<void> {
  const { socket } = instance
  for (const { Id } of await inspected()) {
    const { status, body } = await ask(socket, `DELETE /containers/${Id}?force=1&v=1`)
    assert.ok(status === 204 || status === 404, JSON.stringify(body))
  }
  assert.equal(await instance.ok('ps', '-aq'), '')
  await instance.ok('network', 'prune', '-f')
  await instance.ok('volume', 'prune', '-a', '-f')
  await instance.until(
    () => [...keptOf(instance), ...keptOfNetworks(instance), ...instance.mounts().filter((line) => !usual.includes(line))],
    (left) => left.length === 0,
  )
}
