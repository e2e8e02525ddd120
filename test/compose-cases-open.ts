import type { Case } from './compose-cases.ts'

/** Variables wherever a short form may have some: which of them stay as they are written tells what is lengthened when. */
export const shortForms: Case = {
  files: {
    'compose.yaml': `name: "\${NAME:-shop}"
include: [inner/part.yaml]
services:
  app:
    extends: {file: inner/base.yaml, service: base}
    build: "\${CONTEXT:-./app}"
    command: echo "\${A:-a b}" 'c'
    entrypoint: \${SHELL_IN:-sh -c}
    environment: ["A=\${A:-1}", A=2, COMPOSE_PROJECT_NAME, NONE]
    env_file: \${FILE:-e.env}
    labels: {"n": "\${A:-1}", m: 1.50}
    sysctls: {net.core.somaxconn: "\${S:-1}"}
    ports: ["\${PORT:-80}:80", 81, {target: 82}]
    expose: ["\${PORT:-80}", 83]
    volumes: ["\${DATA:-./data}:/data/:ro", "\${V:-vol}:/v/", "./x:/x:z", "\${D2:-./data}/b:/c"]
    devices: ["\${DEVICE:-/dev/null}:/dev/x"]
    tmpfs: /run
    dns: \${DNS:-1.1.1.1}
    dns_search: example.com
    depends_on: [other]
    secrets: [s]
    healthcheck: {test: "true \${A:-}", interval: "\${I:-1s}"}
    extra_hosts: {h: "\${IP:-10.0.0.1}"}
    deploy: {labels: ["a=\${A:-1}"], resources: {limits: {memory: "\${M:-64m}"}, reservations: {devices: [{capabilities: [gpu]}]}}}
    develop: {watch: [{path: "\${W:-./app}", action: rebuild, ignore: x}]}
  other: {image: "box:\${TAG:-1}", build: {args: [X=1, COMPOSE_PROJECT_NAME, NONE], cache_from: [], provenance: true}}
networks: {default: {labels: [x=y]}}
volumes: {vol: , w: {name: "\${NAME:-shop}_w", external: true}}
secrets: {s: {environment: COMPOSE_PROJECT_NAME}}
`,
    'compose.override.yaml': `services:
  app: {environment: {B: "\${B:-2}", C: }, labels: ["n=2"], command: ["x"], ports: ["90:90"], dns: 8.8.8.8, tmpfs: [/run, /tmp]}
`,
    'e.env': 'E=1\n',
    'inner/part.yaml': 'services: {part: {image: "p:${P:-1}", env_file: p.env, environment: [P], volumes: ["./p:/p"]}}\n',
    'inner/p.env': 'X=1\n',
    'inner/.env': 'P=2\n',
    'inner/base.yaml': 'services: {base: {image: box, environment: {A: base, Z: }, volumes: ["./b:/data", "./b:/b"], env_file: [p.env]}}\n',
  },
}
