import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dependenciesOf } from './dependencies.ts'
import type { Container } from './model.ts'

function container(name: string, wishes: { labels?: Record<string, string>; hostConfig?: object } = {}): Container {
  return {
    id: name.padEnd(64, '0'),
    name,
    config: { Labels: wishes.labels ?? {} },
    hostConfig: { NetworkMode: 'bridge', PidMode: '', IpcMode: '', ...wishes.hostConfig },
  } as unknown as Container
}

function service(name: string, dependsOn: string, project = 'p'): Container {
  return container(name, {
    labels: {
      'com.docker.compose.project': project,
      'com.docker.compose.service': name,
      'com.docker.compose.depends_on': dependsOn,
    },
  })
}

function named(containers: readonly Container[]): Record<string, string[]> {
  const names = new Map(containers.map(({ id, name }) => [id, name]))
  return Object.fromEntries(
    [...dependenciesOf(containers)].map(([id, list]) => [names.get(id), list.map((one) => `${names.get(one.id)} ${one.until}`)]),
  )
}

test("a Compose project's depends_on is read from the labels, within the project", () => {
  assert.deepEqual(
    named([
      service('app', 'db:service_healthy:false,seed:service_completed_successfully:true'),
      service('db', ''),
      service('seed', 'db:service_started:false'),
      service('db', '', 'other'),
    ]),
    {
      app: ['db healthy', 'seed completed'],
      db: [],
      seed: ['db started'],
    },
  )
})

test('shared namespaces, volumes and links are dependencies', () => {
  const db = container('db')
  const list = [
    db,
    container('net', { hostConfig: { NetworkMode: `container:${db.id}` } }),
    container('pid', { hostConfig: { PidMode: 'container:db' } }),
    container('volumes', { hostConfig: { VolumesFrom: ['db:ro'], Links: ['/net:/volumes/n'] } }),
  ]
  assert.deepEqual(named(list), { db: [], net: ['db started'], pid: ['db started'], volumes: ['db started', 'net started'] })
})

test('nothing waits for ever, whatever depends on what', () => {
  const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 20 })
  fc.assert(
    fc.property(edges, (pairs) => {
      const list = [0, 1, 2, 3, 4, 5].map((n) =>
        service(
          `s${n}`,
          pairs
            .filter(([from]) => from === n)
            .map(([, to]) => `s${to}:service_started:false`)
            .join(','),
        ),
      )
      const waiting = new Map(dependenciesOf(list))
      for (let before = -1; before !== waiting.size;) {
        before = waiting.size
        for (const [id, needs] of waiting) if (needs.every((need) => !waiting.has(need.id))) waiting.delete(id)
      }
      assert.equal(waiting.size, 0)
    }),
  )
})
