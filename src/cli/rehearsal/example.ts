import { label } from '#base/compose-labels.ts'

/** A project with what many have, and the answers of a daemon where it is up: what is rehearsed before a command is called. */

export const composeFile = `services:
  web:
    image: example
    command: ["sleep", "1"]
    ports: ["127.0.0.1:0:80", "8080"]
    environment: {LEVEL: "\${LEVEL:-info}"}
    depends_on: {db: {condition: service_healthy}}
    volumes: ["./files:/files:ro", "data:/data"]
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    restart: unless-stopped
  db:
    image: example
    environment: [WORD=one]
    networks: [inner]
    deploy: {resources: {limits: {memory: 100M}}}
networks: {inner: {}}
volumes: {data: {}}
`

export const dockerfile = 'FROM example\nCOPY . /example\nRUN true\n'

const services = ['web', 'db'] as const

const containers = services.map((service, index) => ({
  Id: String(index).repeat(64),
  Names: [`/example-${service}-1`],
  Image: 'example',
  ImageID: `sha256:${'0'.repeat(64)}`,
  Command: 'sleep 1',
  Created: 0,
  State: 'running',
  Status: 'Up 1 second',
  Labels: {
    [label.project]: 'example',
    [label.service]: service,
    [label.number]: '1',
  },
  Ports: [{ IP: '127.0.0.1', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }],
}))

const ups = [
  { type: 'note', text: 'example' },
  { type: 'step', id: '1', subject: 'Container example-db-1', status: 'Created', state: 'done' },
  ...services.map((service) => ({
    type: 'service',
    service,
    subject: `Container example-${service}-1`,
    state: 'up',
    text: 'running',
  })),
  { type: 'address', service: 'web', url: 'http://127.0.0.1:8080', answers: true },
  { type: 'end', ok: true },
]

const digest = `sha256:${'1'.repeat(64)}`
const [started, completed] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z']

const builds = [
  { type: 'status', status: { vertexes: [{ digest, name: '[1/2] FROM example', started }] } },
  {
    type: 'status',
    status: {
      statuses: [
        {
          id: 'transferring context:',
          vertex: digest,
          name: 'transferring context:',
          current: 1,
          started,
          completed,
          timestamp: completed,
        },
      ],
    },
  },
  { type: 'status', status: { logs: [{ vertex: digest, stream: 1, data: 'ZXhhbXBsZQo=', timestamp: completed }] } },
  { type: 'status', status: { vertexes: [{ digest, name: '[1/2] FROM example', started, completed, cached: true }] } },
  { type: 'end', answer: { 'containerimage.config.digest': digest } },
]

/** What a daemon answers to a request for this path; a build's answer comes in frames (`toldStream`). */
export function answerTo(path: string): readonly unknown[] {
  if (path.startsWith('/containers/json')) return [containers]
  return path === buildPath ? builds : ups
}

export const buildPath = '/galley/v1/build'

/** Without the name of the directory, in which they are. */
export const commands: readonly (readonly string[])[] = [
  ['config', '--format', 'json'],
  ['config', '--services'],
  ['ps'],
  ['ps', '--json'],
  ['up', '--detach', '--progress', 'plain'],
  ['up', '--progress', 'tty'],
  ['build', '--progress', 'plain', '--tag', 'example'],
]
