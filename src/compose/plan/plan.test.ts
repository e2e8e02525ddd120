import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dependenciesIn, label } from '#base/compose-labels.ts'
import fc from 'fast-check'
import type { Condition, Project, Service } from '#compose/model/model.ts'
import { at, service } from '#compose/model/service.fixture.ts'
import { configHashOf, containerName } from './container.ts'
import { planDown } from './down.ts'
import { planUp } from './plan.ts'
import type { Observed, ObservedContainer, Step } from './step.ts'

const nothing: Observed = { networks: [], volumes: [], images: {}, containers: [] }
const usual = { build: false, removeOrphans: false }

/** A container that tells nothing of itself: its next version can't start beside it. */
const quiet = {
  oneOff: false,
  understudy: false,
  checked: false,
  listens: [],
  anonymousVolumes: [],
  mountedImages: {},
  published: [],
  declared: undefined,
}

function project(...services: Service[]): Project {
  return {
    name: 'p',
    directory: '/p',
    files: ['/p/compose.yaml'],
    warnings: [],
    services: Object.fromEntries(services.map((one) => [one.name, one])),
    networks: { default: { name: 'p_default', external: false, internal: false, labels: {} } },
    volumes: { data: { name: 'p_data', external: false, labels: {} } },
  }
}

/** What exists after a plan was carried out. Images get the id that `imageId` says. */
function after(observed: Observed, steps: readonly Step[], imageId: (reference: string) => string = (name) => `id of ${name}`): Observed {
  const images = { ...observed.images }
  const containers = new Map(observed.containers.map((container) => [container.id, container]))
  const networks = [...observed.networks]
  const volumes = [...observed.volumes]
  for (const step of inOrder(steps)) {
    if (step.kind === 'network.create') networks.push({ name: step.name, project: 'p' })
    else if (step.kind === 'volume.create') volumes.push({ name: step.name, project: 'p' })
    else if (step.kind === 'image.pull' || step.kind === 'image.build') images[step.reference] = imageId(step.reference)
    else if (step.kind === 'container.create' || step.kind === 'container.recreate') {
      const image = images[String(step.request.config['Image'])] ?? ''
      const old = step.kind === 'container.recreate' ? containers.get(step.old) : undefined
      if (step.kind === 'container.recreate' && step.when === 'image changed' && old?.image === image) continue
      if (old !== undefined) containers.delete(old.id)
      const running = old?.running ?? false
      const labels = step.request.config['Labels'] as Record<string, string>
      const id = `${step.request.name}@${containers.size}${image}${configHashOf(step.request)}`
      containers.set(id, {
        id,
        name: step.request.name,
        service: step.service,
        number: Number(labels[label.number]),
        image,
        reference: '',
        running,
        configHash: configHashOf(step.request),
        dependsOn: dependenciesIn(labels[label.dependsOn]).map((one) => one.service),
        ...quiet,
      })
    } else if (step.kind === 'container.start')
      for (const one of containers.values()) if (one.name === step.name) containers.set(one.id, { ...one, running: true })
    if (step.kind === 'container.remove') containers.delete(step.container)
  }
  return { networks, volumes, images, containers: [...containers.values()] }
}

/** The steps one after the other; fails when they wait for each other in a circle. */
function inOrder(steps: readonly Step[]): Step[] {
  const open = new Map(steps.map((step) => [step.id, step]))
  const order: Step[] = []
  while (open.size > 0) {
    const ready = [...open.values()].filter(({ needs, after: waits = [] }) => [...needs, ...waits].every((id) => !open.has(id)))
    assert.ok(ready.length > 0, `steps that wait for each other: ${[...open.keys()].join(', ')}`)
    for (const step of ready) {
      open.delete(step.id)
      order.push(step)
    }
  }
  return order
}

/** Projects whose services depend only on earlier ones. */
const anyProject = fc
  .array(
    fc.record({
      image: fc.constantFrom('box', 'other'),
      built: fc.boolean(),
      value: fc.string({ maxLength: 3 }),
      data: fc.boolean(),
      replicas: fc.integer({ min: 0, max: 3 }),
      depends: fc.array(
        fc.record({
          back: fc.integer({ min: 1, max: 4 }),
          condition: fc.constantFrom<Condition>('service_started', 'service_healthy', 'service_completed_successfully'),
          required: fc.boolean(),
        }),
        { maxLength: 2 },
      ),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((rows) =>
    project(
      ...rows.map(({ image, built, value, data, replicas, depends }, index) =>
        service(`s${index}`, {
          image: built ? `p-s${index}` : image,
          ...(built && { build: { context: '/p', dockerfile: 'Dockerfile', args: {} } }),
          environment: { VALUE: { value } },
          replicas,
          mounts: data ? [{ type: 'volume', source: 'data', target: '/data', readOnly: false, createSource: true, at }] : [],
          dependsOn: Object.fromEntries(
            depends
              .filter(({ back }) => back <= index)
              .map(({ back, condition, required }) => [`s${index - back}`, { condition, required }]),
          ),
        }),
      ),
    ),
  )

test('nothing is left to do after a plan was carried out', () => {
  fc.assert(
    fc.property(anyProject, (any) => {
      const done = after(nothing, planUp(any, nothing, usual).steps)
      assert.deepEqual(planUp(any, done, usual).steps, [])
    }),
  )
})

test('a service starts after what it depends on, and only then', () => {
  fc.assert(
    fc.property(anyProject, (any) => {
      const order = inOrder(planUp(any, nothing, usual).steps).map(({ id }) => id)
      const startsOf = (service: string): number[] => order.flatMap((id, index) => (id.startsWith(`start ${service}-`) ? [index] : []))
      for (const { name, dependsOn } of Object.values(any.services))
        for (const other of Object.keys(dependsOn))
          for (const before of startsOf(other)) for (const start of startsOf(name)) assert.ok(before < start)
    }),
  )
})

test('a network that changed is made anew while nothing of the project runs on it, and all of it goes or runs again', () => {
  fc.assert(
    fc.property(anyProject, fc.boolean(), (any, fewer) => {
      const done = after(nothing, planUp(any, nothing, usual).steps)
      const made = { name: 'p_default', internal: true }
      const users = done.containers.filter(({ running }) => running)
      const there = { name: 'p_default', project: 'p', key: 'default', configHash: 'old', made, users }
      const changed = { ...any, networks: { default: { ...any.networks['default']!, configHash: 'new' } } }
      const scale = fewer ? { s0: 0 } : {}
      const order = inOrder(planUp(changed, { ...done, networks: [there] }, { ...usual, scale }).steps)
      const indexOf = (kind: Step['kind'], id: string): number => order.findIndex((step) => step.kind === kind && step.id === id)
      const renewal = indexOf('network.renew', 'network p_default')
      assert.ok(renewal >= 0)
      for (const { id, service: name, number } of users) {
        const stop = indexOf('container.stop', `stop ${id}`)
        assert.ok(stop >= 0 && stop < renewal)
        const [gone, again] = [indexOf('container.remove', `remove ${id}`), indexOf('container.start', `start ${name}-${number}`)]
        assert.ok(fewer && name === 's0' ? gone > stop : again > renewal)
      }
      if (users.length > 0) assert.ok(indexOf('network.resume', 'resume p_default') > renewal)
    }),
  )
})

test('one changed value makes one service anew', () => {
  fc.assert(
    fc.property(anyProject, fc.nat(), (any, pick) => {
      const done = after(nothing, planUp(any, nothing, usual).steps)
      const names = Object.keys(any.services)
      const name = names[pick % names.length] ?? ''
      const changed = project(
        ...Object.values(any.services).map((one) => (one.name === name ? { ...one, environment: { VALUE: { value: 'changed' } } } : one)),
      )
      const touched = planUp(changed, done, usual).steps.filter(({ kind }) => kind !== 'dependency.wait')
      const replicas = any.services[name]?.replicas ?? 1
      assert.deepEqual(
        touched.map(({ kind, id }) => `${kind} ${id}`),
        [
          ...Array.from({ length: replicas }, (_, index) => `container.recreate container ${name}-${index + 1}`),
          ...(replicas > 1 ? [`service.settle settle ${name}`] : []),
        ],
      )
    }),
  )
})

test('fewer or more containers are wished: those that are as they should be stay, with their numbers', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }), (before, wanted) => {
      const one = (replicas: number): Project => project(service('a', { replicas }))
      const done = after(nothing, planUp(one(before), nothing, usual).steps)
      const then = after(done, planUp(one(wanted), done, usual).steps)
      assert.deepEqual(
        then.containers.map(({ number }) => number).toSorted(),
        Array.from({ length: wanted }, (_, index) => index + 1),
      )
      const kept = then.containers.filter(({ id }) => done.containers.some((container) => container.id === id))
      assert.equal(kept.length, Math.min(before, wanted))
    }),
  )
})

test('an update goes through the containers of a service as update_config says', () => {
  const updated = (parallelism: number, failureAction: 'continue' | 'rollback'): string[] => {
    const of = (value: string): Project =>
      project(
        service('a', { replicas: 4, environment: { V: { value } }, deploy: { labels: {}, updateConfig: { parallelism, failureAction } } }),
      )
    const done = after(nothing, planUp(of('1'), nothing, usual).steps)
    return planUp(of('2'), done, usual).steps.flatMap((step) =>
      step.kind === 'container.recreate'
        ? [`${step.id}: ${[...step.needs, ...(step.after ?? [])].filter((id) => id.startsWith('container')).join()}`]
        : [],
    )
  }
  const pairs = ['container a-1: ', 'container a-2: ', 'container a-3: container a-1', 'container a-4: container a-2']
  assert.deepEqual(updated(2, 'rollback'), pairs)
  assert.deepEqual(updated(2, 'continue'), pairs)
  assert.deepEqual(updated(0, 'rollback'), ['container a-1: ', 'container a-2: ', 'container a-3: ', 'container a-4: '])
})

test('down takes all of it away, what depends first; volumes only when wished', () => {
  fc.assert(
    fc.property(anyProject, fc.boolean(), (any, volumes) => {
      const done = after(nothing, planUp(any, nothing, usual).steps)
      const steps = planDown('p', done, { volumes })
      const left = after(done, steps)
      assert.deepEqual(left.containers, [])
      assert.equal(
        steps.some(({ kind }) => kind === 'volume.remove'),
        volumes,
      )
      const order = inOrder(steps).map(({ id }) => id)
      const removal = (one: ObservedContainer): number => order.indexOf(`remove ${one.id}`)
      for (const one of done.containers)
        for (const other of done.containers) if (one.dependsOn.includes(other.service)) assert.ok(removal(one) < removal(other))
    }),
  )
})

test('down takes away containers of two versions of a file, which depend on each other in a circle', () => {
  const started = (name: string): Service['dependsOn'] => ({ [name]: { condition: 'service_started', required: true } })
  const versions = [
    planUp(project(service('a', { dependsOn: started('b') }), service('b')), nothing, usual),
    planUp(project(service('a'), service('b', { dependsOn: started('a') })), nothing, usual),
  ]
  const [of1, of2] = versions.map(({ steps }) => after(nothing, steps))
  const mixed = [of1?.containers.find((one) => one.service === 'a'), of2?.containers.find((one) => one.service === 'b')]
  const containers = mixed.filter((one) => one !== undefined)
  assert.deepEqual(
    containers.map(({ dependsOn }) => dependsOn),
    [['b'], ['a']],
  )
  assert.equal(inOrder(planDown('p', { ...nothing, containers }, { volumes: false })).length, 2)
})

test('a position in a file changes nothing', () => {
  const hash = (line: number): string => {
    const step = planUp(project(service('a', { environment: { A: { value: '1', at: { ...at, line } } } })), nothing, usual).steps.find(
      ({ kind }) => kind === 'container.create',
    )
    return step?.kind === 'container.create' ? configHashOf(step.request) : ''
  }
  assert.equal(hash(1), hash(2))
  assert.match(hash(1), /^[0-9a-f]{64}$/)
})

test('a new image makes a container anew; built with the same result, it stays', () => {
  const built = project(service('a', { image: 'p-a', build: { context: '/p', dockerfile: 'Dockerfile', args: {} } }))
  const done = after(nothing, planUp(built, nothing, usual).steps)
  const renewed = { ...done, images: { 'p-a': 'another' } }
  assert.deepEqual(
    planUp(built, renewed, usual).steps.map(({ kind }) => kind),
    ['container.recreate'],
  )
  const again = planUp(built, done, { ...usual, build: true }).steps
  assert.deepEqual(
    again.map(({ kind }) => kind),
    ['image.build', 'container.recreate'],
  )
  assert.deepEqual(after(done, again).containers, done.containers)
})

test('an image is built after the services that must complete before', () => {
  const jar = service('jar')
  const app = service('app', {
    image: 'p-app',
    build: { context: '/p', dockerfile: 'Dockerfile', args: {} },
    dependsOn: { jar: { condition: 'service_completed_successfully', required: true } },
  })
  const order = inOrder(planUp(project(app, jar), nothing, usual).steps).map(({ id }) => id)
  assert.ok(order.indexOf('start jar-1') < order.indexOf('image p-app'))
})

test('orphans are told, and removed on request', () => {
  const done = after(nothing, planUp(project(service('a'), service('b')), nothing, usual).steps)
  const less = project(service('a'))
  assert.match(planUp(less, done, usual).warnings.join(), /Found orphan containers \(\[p-b-1\]\)/)
  assert.deepEqual(
    planUp(less, done, { ...usual, removeOrphans: true }).steps.map(({ kind }) => kind),
    ['container.remove'],
  )
})

test('an external network that is not there is refused', () => {
  const external = { ...project(service('a')), networks: { default: { name: 'theirs', external: true, internal: false, labels: {} } } }
  assert.throws(() => planUp(external, nothing, usual), /network theirs declared as external, but could not be found/)
  assert.equal(containerName(external, service('a'), 1), 'p-a-1')
})

test('an update that broke off between two containers is completed, and what was kept for it goes', () => {
  const two = project(service('a', { replicas: 2 }))
  const done = after(nothing, planUp(two, nothing, usual).steps)
  const half = { ...done, containers: done.containers.map((one) => (one.number === 2 ? { ...one, configHash: 'before' } : one)) }
  const first = done.containers[0]! // there are two
  const kept = { ...first, id: 'kept', name: 'kept', configHash: 'before', running: false, understudy: true }
  const begun = { ...first, id: 'begun', name: `${'0'.repeat(12)}_p-a-2`, number: 2, running: false }
  const steps = planUp(two, { ...half, containers: [...half.containers, kept, begun] }, usual).steps
  assert.deepEqual(
    steps.map(({ id }) => id),
    ['remove kept', 'remove begun', 'container a-2', 'settle a'],
  )
  assert.deepEqual(
    steps.flatMap((step) => (step.kind === 'container.recreate' ? [step.keepOld] : [])),
    [true],
  )
})
