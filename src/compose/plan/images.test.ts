import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Build, Project, Service } from '#compose/model/model.ts'
import { service } from '#compose/model/service.fixture.ts'
import { planBuilds } from './images.ts'

const build: Build = { context: '/p', dockerfile: 'Dockerfile', args: {} }
const dependsOn = (...names: string[]): Service['dependsOn'] =>
  Object.fromEntries(names.map((name) => [name, { condition: 'service_started', required: true }]))

/** What each service's build waits for. */
function waits(...services: Service[]): Record<string, string[]> {
  const project: Project = {
    name: 'p',
    directory: '/p',
    files: ['/p/compose.yaml'],
    warnings: [],
    services: Object.fromEntries(services.map((one) => [one.name, one])),
    networks: {},
    volumes: {},
  }
  const steps = planBuilds(project, { action: 'build' })
  return Object.fromEntries(steps.map(({ id, needs }) => [id.replace('image ', ''), needs.map((need) => need.replace('image ', ''))]))
}

test('a build waits for the image of a service that it depends on where that is built under a name of its own', () => {
  const app = service('app', { image: 'p-app', build, dependsOn: dependsOn('base', 'db', 'other') })
  const base = service('base', { image: 'base', build })
  const other = service('other', { image: 'p-other', build })
  assert.deepEqual(waits(app, base, service('db'), other), { 'p-app': ['base'], base: [], 'p-other': [] })
})

test('builds do not wait for each other in a circle', () => {
  const from = (name: string): Build => ({ ...build, additionalContexts: { base: `service:${name}` } })
  const app = service('app', { image: 'app', build, dependsOn: dependsOn('web') })
  const web = service('web', { image: 'web', build: from('base') })
  const base = service('base', { image: 'base', build, dependsOn: dependsOn('app') })
  assert.deepEqual(waits(app, web, base), { app: [], web: ['base'], base: [] })
})
