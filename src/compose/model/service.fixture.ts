import type { Position, Service } from './model.ts'

/** Where what tests make up stands. */
export const at: Position = { file: '/p/compose.yaml', line: 1, column: 1 }

/** A service of which its file says nothing but a name and an image, and what a test adds. */
export function service(name: string, more: Partial<Service> = {}): Service {
  return {
    name,
    at,
    image: 'box',
    ports: [],
    expose: [],
    mounts: [],
    environment: {},
    networks: { default: { aliases: [] } },
    labels: {},
    options: { config: {}, hostConfig: {} },
    restart: { name: 'no', maximumRetryCount: 0 },
    dependsOn: {},
    ...more,
  }
}
