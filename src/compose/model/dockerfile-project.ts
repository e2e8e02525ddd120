import { readFileSync } from 'node:fs'
import type { PortMapping, Position, Project } from './model.ts'

/**
 * A directory with nothing but a Dockerfile: one service, `app`, whose exposed ports are published under the same numbers.
 * The file's text is given when it isn't written yet.
 */
export function dockerfileProject(directory: string, name: string, text?: string): Project {
  const file = `${directory}/Dockerfile`
  const ports = exposedPorts(text ?? readFileSync(file, 'utf8'), file)
  return {
    name,
    directory,
    files: [],
    services: {
      app: {
        name: 'app',
        at: { file, line: 1, column: 1 },
        image: `${name}-app`,
        build: { context: directory, dockerfile: 'Dockerfile', args: {} },
        ports,
        expose: [],
        mounts: [],
        environment: {},
        networks: { default: { aliases: [] } },
        restart: { name: 'no', maximumRetryCount: 0 },
        dependsOn: {},
        labels: {},
        options: { config: {}, hostConfig: {} },
      },
    },
    networks: { default: { name: `${name}_default`, external: false, internal: false, labels: {} } },
    volumes: {},
    warnings: ports.length === 0 ? [`${file}: no EXPOSE names a port, so none is published`] : [],
  }
}

/** Numbers of the last stage's EXPOSE lines; one that a variable names isn't known before the build. */
function exposedPorts(text: string, file: string): PortMapping[] {
  const found = new Map<string, PortMapping>()
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*FROM\s/i.test(line)) found.clear()
    const at: Position = { file, line: index + 1, column: 1 }
    for (const word of /^\s*EXPOSE\s+(.*)$/i.exec(line)?.[1]?.split(/\s+/) ?? []) {
      const [, port, protocol = 'tcp'] = /^(\d+)(?:\/(tcp|udp))?$/.exec(word) ?? []
      if (port !== undefined)
        found.set(word, { target: Number(port), published: Number(port), hostIp: '', protocol: protocol as 'tcp' | 'udp', at })
    }
  }
  return [...found.values()]
}
