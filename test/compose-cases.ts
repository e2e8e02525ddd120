import { shortForms } from './compose-cases-open.ts'

/** A small project, and how it is read. */
export interface Case {
  /** By path; `compose.yaml` when there is only a text. */
  readonly files: Readonly<Record<string, string>>
  /** Options before `config`. */
  readonly options?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** A project of one file. */
export const one = (text: string, more: Omit<Case, 'files'> = {}): Case => ({ files: { 'compose.yaml': text }, ...more })

/** Projects that both tools accept, each about a part of the language. */
export const accepted: Readonly<Record<string, Case>> = {
  'variables in short forms': shortForms,
  'the smallest': one('services: {app: {image: box}}'),
  'no service at all': one('networks: {lan: }\nname: empty\n'),
  'a name and extensions': one(
    'name: "My ${X:-shop}"\nx-top: {b: [1, true], a: ~}\nservices: {app: {image: box, x-own: {z: 1.0, a: yes}}}\n',
  ),
  'scalars of YAML': one(`services:
  app:
    image: box
    environment: {A: 1.0, B: 1000000.0, C: 0777, D: 0o17, E: 1_000, F: yes, G: ~, H: 0x1f, I: 1.10, J: "x", K: 0.00001, L: on, M: 'null', N: .5, O: 08}
    labels: {a: 1, b: true, c: 2.50, d: , e: "12:30", f: 22:22}
`),
  'environment as a list': one('services: {app: {image: box, environment: [A=1, B=, C, "D=a=b", "E= x "]}}', {
    environment: { C: 'caller' },
  }),
  'environment as a mapping': one('services: {app: {image: box, environment: {A: , B: "", C: "$$5"}}}', { environment: { A: 'caller' } }),
  interpolation: one(
    `services:
  app:
    image: "box:\${TAG:-latest}"
    command: ["\${A}", "$B", "\${C-c}", "\${D:-d}", "\${A:+yes}", "\${E+no}", "\${NONE:-\${A}-\${F:-f}}", "$$A", "cost $5 $(x)"]
    read_only: "\${FLAG}"
    cpu_shares: \${NUMBER}
    ports: ["\${PORT:-80}:80"]
`,
    { environment: { A: 'a', B: 'b b', D: '', E: '', FLAG: 'yes', NUMBER: '12' } },
  ),
  '.env and --env-file': {
    files: {
      'compose.yaml': 'services: {app: {image: "box:$TAG", environment: {A: "$A", B: "$B"}}}',
      '.env': 'TAG=usual\n',
      'a.env': 'TAG=a\nA=1\n',
      'b.env': 'A=2\nB="$TAG-${A}"\n',
    },
    options: ['--env-file', 'a.env', '--env-file', 'b.env'],
    environment: { TAG: 'shell' },
  },
  'env files of the environment': {
    files: { 'compose.yaml': 'services: {app: {image: "box:$A$B"}}', 'a.env': 'A=1\n', 'b.env': 'B=2\n' },
    environment: { COMPOSE_ENV_FILES: 'a.env,b.env' },
  },
  'quotes of .env': {
    files: {
      'compose.yaml': 'services: {app: {image: box, environment: {A: "$A", B: "$B", C: "$C", D: "$D", E: "$E", F: "$F", G: "$G"}}}',
      '.env': `A=plain # comment\nB='single $A \\n' # c\nexport C="double\\t$A \\$A"\nD=a#b\nE: yaml\nF=\nG="two\nlines"\n`,
    },
  },
  'env_file in its forms': {
    files: {
      'compose.yaml': `services:
  one: {image: box, env_file: a.env, environment: {B: own}}
  two: {image: box, env_file: [a.env, {path: b.env}, {path: none.env, required: false}, {path: raw.env, format: raw}]}
`,
      'a.env': 'A=1\nB=$A-x\nC\n',
      'b.env': "A='two'\n",
      'raw.env': 'R="quoted" $A # no comment\n',
    },
    environment: { C: 'caller' },
  },
  label_file: {
    files: { 'compose.yaml': 'services: {app: {image: box, label_file: [l.env], labels: {b: own}}}', 'l.env': 'a=1\nb=2\n' },
  },
  commands: one(`services:
  a: {image: box, command: echo "a b" 'c d' e\\ f, entrypoint: sh -c}
  b: {image: box, command: [], entrypoint: ""}
  c: {image: box, command: ["echo", "x; y"], entrypoint: [a]}
  d: {image: box, command: , entrypoint: ~}
  e: {image: box, command: "echo a && echo b"}
  f: {image: box, command: "sh -c 'a | b' 2>&1"}
`),
  'health checks': one(`services:
  a: {image: box, healthcheck: {test: curl -f x, interval: 1m30s, timeout: 10s, retries: 3, start_period: 1h, start_interval: 500ms}}
  b: {image: box, healthcheck: {test: [CMD, a, b], retries: 0}}
  c: {image: box, healthcheck: {disable: true}}
  d: {image: box, healthcheck: {test: [NONE], interval: 1.5s, timeout: 2d}}
`),
  ports: one(`services:
  app:
    image: box
    ports:
      - 3000
      - "8000:80"
      - "127.0.0.1:8001:81/udp"
      - "9090-9091:8080-8081"
      - "7000-7010:70"
      - "6060:6060/UDP"
      - "[::1]:5000:50"
      - "127.0.0.1::60"
      - {target: 90, published: 9000, host_ip: 127.0.0.1, protocol: udp, mode: host, name: n, app_protocol: http}
      - {target: 91, published: "9100-9110"}
    expose: [1, "2", "3-4", 5/udp]
`),
  volumes: one(`services:
  app:
    image: box
    volumes:
      - data:/data
      - ./here:/here:ro
      - ../up:/up/:rw
      - /abs/./x:/abs
      - ~/home:/home/me
      - /only/target
      - data2:/two:nocopy
      - ./z:/z:z,ro
      - ./p:/p:rshared
      - {type: bind, source: ./long, target: /long, read_only: true, bind: {create_host_path: true, propagation: rslave, selinux: Z}}
      - {type: volume, source: data, target: /again, volume: {nocopy: true, subpath: sub, labels: {a: 1}}}
      - {type: volume, target: /anonymous}
      - {type: tmpfs, target: /tmp, tmpfs: {size: 64m, mode: 0o1777}}
      - {type: image, source: other, target: /image, image: {subpath: x}}
    tmpfs: [/run, "/var/run:size=1m"]
volumes:
  data: {driver_opts: {type: none, o: bind, device: ./dev}, driver: local}
  data2: {name: fixed, labels: [a=b]}
  unused: {external: true}
`),
  networks: one(`services:
  a: {image: box, networks: [front, back]}
  b:
    image: box
    networks:
      front: {aliases: [x, y, x], ipv4_address: 10.1.0.5, ipv6_address: "fd00::5", priority: 10, gw_priority: 1, mac_address: "02:42:ac:11:65:43"}
      back:
      default: {driver_opts: {a: 1}, link_local_ips: [169.254.1.1], interface_name: eth9}
  c: {image: box, network_mode: host}
  d: {image: box, networks: {}}
networks:
  front:
    driver: bridge
    driver_opts: {com.docker.network.bridge.name: br9, n: 1}
    enable_ipv6: true
    internal: true
    attachable: true
    labels: {a: b}
    ipam: {driver: default, config: [{subnet: 10.1.0.0/16, gateway: 10.1.0.1, ip_range: 10.1.1.0/24, aux_addresses: {x: 10.1.0.9}}]}
  back: {external: true, name: theirs}
`),
  'old external names': one(
    'services: {a: {image: box, networks: [n], volumes: ["vol:/v"]}}\nnetworks: {n: {external: {name: x}}}\nvolumes: {vol: {external: {name: y}}}\n',
  ),
  'secrets and configs': one(
    `services:
  app:
    image: box
    secrets: [plain, {source: env, target: /elsewhere, uid: "103", gid: "103", mode: 0440}, {source: ext, mode: "0600"}]
    configs: [inline, {source: file, target: /etc/x.conf}, {source: cenv}]
secrets:
  plain: {file: ./secret.txt}
  env: {environment: SECRET}
  ext: {external: true, name: real}
  unused: {file: nowhere}
configs:
  inline: {content: "a=\${A}\\nb\\n"}
  file: {file: ./x.conf, labels: {a: b}}
  cenv: {environment: CONF}
`,
    { environment: { A: 'value', SECRET: 's', CONF: 'c' } },
  ),
  dependencies: one(`services:
  a: {image: box, depends_on: [b, c]}
  b: {image: box, depends_on: {c: {condition: service_healthy, restart: true}, d: {condition: service_completed_successfully, required: false}}}
  c: {image: box}
  d: {image: box}
`),
  'dependencies that follow': one(`services:
  a: {image: box, links: [b, "c:alias"], external_links: [other]}
  b: {image: box, network_mode: "service:c"}
  c: {image: box, ipc: "service:d", pid: "service:d"}
  d: {image: box, volumes_from: ["e:ro", "container:x"]}
  e: {image: box}
`),
  build: one(
    `services:
  a: {build: .}
  b:
    build:
      context: ./dir
      dockerfile: Other
      args: [A=1, B, C]
      target: stage
      labels: {a: b}
      cache_from: [type=local]
      cache_to: [type=inline]
      no_cache: true
      pull: true
      platforms: [linux/amd64]
      tags: [x, "y:1"]
      network: host
      shm_size: 64m
      extra_hosts: ["h=1.2.3.4", "v6=[::1]"]
      additional_contexts: {r: ./res, img: docker-image://alpine, svc: "service:a"}
      secrets: [s, {source: s, target: t}]
      ssh: [default]
      ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}
      privileged: true
      entitlements: [network.host]
      provenance: true
      sbom: "false"
    image: built
    platform: linux/amd64
  c: {build: {dockerfile_inline: "FROM box\\nRUN echo $$(date)\\n"}}
  d: {build: "https://example.com/x.git#main", image: d}
secrets: {s: {file: ./s}}
`,
    { environment: { B: 'caller' } },
  ),
  deploy: one(`services:
  a:
    image: box
    deploy:
      mode: replicated
      replicas: 2
      endpoint_mode: vip
      labels: [a=b]
      resources:
        limits: {cpus: "0.50", memory: 50M, pids: 1}
        reservations: {cpus: 0.25, memory: 20M, devices: [{capabilities: [gpu], count: all, driver: nvidia}], generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]}
      restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 120s}
      update_config: {parallelism: 2, delay: 10s, failure_action: rollback, monitor: 1m, max_failure_ratio: 0.3, order: start-first}
      rollback_config: {parallelism: 0, order: stop-first}
      placement: {constraints: [node.role == manager], preferences: [{spread: node.labels.zone}], max_replicas_per_node: 1}
  b: {image: box, scale: 3}
  c: {image: box, scale: 2, deploy: {replicas: 2}}
  d: {image: box, deploy: {resources: {limits: {cpus: 1}}}}
`),
  'limits and devices': one(`services:
  app:
    image: box
    cpus: 1.5
    cpu_shares: 73
    cpu_quota: 50000
    cpu_period: 100000
    cpu_percent: 50
    cpu_count: 2
    cpuset: 0,1
    mem_limit: 1g
    mem_reservation: 512m
    memswap_limit: 2gb
    mem_swappiness: 10
    shm_size: 64M
    pids_limit: 100
    oom_kill_disable: true
    oom_score_adj: 500
    ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}
    blkio_config: {weight: 300, weight_device: [{path: /dev/sda, weight: 400}], device_read_bps: [{path: /dev/sdb, rate: 12mb}], device_write_iops: [{path: /dev/sdb, rate: 30}]}
    devices: ["/dev/a", "/dev/b:/dev/c", "/dev/d:/dev/e:r", {source: /dev/f, target: /dev/g, permissions: rw}]
    device_cgroup_rules: ["c 1:3 mr"]
    gpus: all
`),
  'gpus as a list': one('services: {app: {image: box, gpus: [{driver: x, count: 2}, {device_ids: ["0"], capabilities: [gpu]}]}}'),
  'the rest of a container': one(`services:
  app:
    image: box
    container_name: fixed
    annotations: {a: b}
    attach: false
    cap_add: [ALL, ALL, NET_ADMIN]
    cap_drop: [MKNOD]
    cgroup: private
    cgroup_parent: m
    credential_spec: {file: x.json}
    dns: 8.8.8.8
    dns_opt: [use-vc]
    dns_search: [a.example, b.example]
    domainname: d
    extra_hosts: ["h:1.2.3.4", "z=::1", "z=10.0.0.1"]
    group_add: [mail, 5]
    hostname: h
    init: true
    ipc: host
    isolation: default
    logging: {driver: syslog, options: {address: "tcp://x", n: 1, e: }}
    mac_address: "02:42:ac:11:65:43"
    pid: host
    platform: linux/amd64
    privileged: true
    pull_policy: if_not_present
    read_only: true
    restart: on-failure:3
    runtime: runc
    security_opt: [a, b]
    stdin_open: true
    stop_grace_period: 1m10s
    stop_signal: SIGUSR1
    storage_opt: {size: 1G}
    sysctls: {net.core.somaxconn: 1024, a: "x"}
    tty: true
    user: "1000:1000"
    userns_mode: host
    uts: host
    working_dir: /w
`),
  'false and zero': one(
    'services: {app: {image: box, init: false, attach: false, privileged: false, tty: false, cpus: 0, scale: 0, read_only: "false", pids_limit: -1}}',
  ),
  'texts that look like zeros': one(
    'services: {app: {image: box, user: "0", hostname: "0s", domainname: "false", cpuset: "0", working_dir: "", mem_limit: 0, environment: {A: 0, B: "0"}, stop_grace_period: 0s}}',
  ),
  hooks: one(`services:
  app:
    image: box
    post_start: [{command: echo a, user: root, privileged: true, working_dir: /w, environment: [A=1, B]}]
    pre_stop: [{command: [a, b]}, {command: x}]
`),
  watch: one(`services:
  app:
    build: .
    develop:
      watch:
        - {path: ./src, action: sync, target: /app, ignore: [node_modules/], include: "*.ts", initial_sync: true}
        - {path: package.json, action: rebuild}
        - {path: conf, action: sync+exec, target: /c, exec: {command: reload, user: x}}
`),
  profiles: one('services: {a: {image: box}, b: {image: box, profiles: [dev]}, c: {image: box, profiles: [test, debug]}}', {
    options: ['--profile', 'debug'],
  }),
  'profiles of the environment': one('services: {a: {image: box, profiles: [x]}, b: {image: box, profiles: [dev]}}', {
    environment: { COMPOSE_PROFILES: 'dev, other' },
  }),
  'all profiles': one(
    'services: {a: {image: box, profiles: [x]}, b: {image: box, profiles: [dev], networks: [n]}}\nnetworks: {n: , unused: }',
    {
      options: ['--profile', '*'],
    },
  ),
  'anchors and merge keys': one(`x-base: &base {image: box, restart: always, environment: &env {A: 1, B: 2}}
x-more: &more {labels: {l: "1"}}
services:
  a: {<<: *base, restart: "no"}
  b: {<<: [*base, *more], environment: {<<: *env, B: 3}}
  c: *base
`),
  'an override file': {
    files: {
      'compose.yaml': `services:
  app:
    image: one
    command: [a]
    entrypoint: x
    environment: [A=1, B=1]
    labels: {a: 1}
    ports: ["80:80", "443:443"]
    volumes: ["./x:/data", "named:/other"]
    dns: 1.1.1.1
    tmpfs: /run
    cap_add: [A]
    depends_on: [db]
    networks: [front]
    healthcheck: {test: [CMD, a], interval: 5s}
    logging: {driver: json-file, options: {max-size: 1m}}
    ulimits: {nofile: {soft: 1, hard: 2}}
    sysctls: {a: 1}
    extra_hosts: ["h:1.1.1.1"]
    build: {context: ., args: {A: 1}}
    secrets: [s]
    deploy: {replicas: 1, labels: {a: b}}
    env_file: a.env
  db: {image: db}
networks: {front: {ipam: {config: [{subnet: 10.0.0.0/24}]}, labels: {a: b}}}
volumes: {named: }
secrets: {s: {file: ./s}}
`,
      'compose.override.yaml': `services:
  app:
    image: two
    command: echo b
    environment: {B: 2, C: }
    labels: [a=2, b]
    ports: ["80:80", {target: 443, published: "443", protocol: tcp}, "81:81"]
    volumes: ["./y:/data:ro", {type: tmpfs, target: /t}]
    dns: [2.2.2.2]
    tmpfs: [/run, /tmp]
    cap_add: [B, A]
    depends_on: {cache: {condition: service_healthy}}
    networks: {back: {aliases: [x]}}
    healthcheck: {test: b, retries: 2}
    logging: {options: {max-file: 3}}
    ulimits: {nofile: 5}
    sysctls: [b=2]
    extra_hosts: {i: 2.2.2.2, h: 1.1.1.1}
    build: {target: t, args: [B=2]}
    secrets: [{source: s, mode: 0400}]
    deploy: {replicas: 2, labels: [c=d], resources: {limits: {memory: 5m}}}
    env_file: [b.env]
  cache: {image: c, healthcheck: {test: a}}
networks: {front: {ipam: {config: [{subnet: 10.0.0.0/24, gateway: 10.0.0.1}]}, internal: true}, back: }
`,
      'a.env': 'E=1\n',
      'b.env': 'E=2\n',
    },
  },
  'another logging driver': {
    files: {
      'compose.yaml': 'services: {a: {image: box, logging: {driver: syslog, options: {x: "1"}}}}',
      'o.yaml': 'services: {a: {logging: {driver: local}}}',
    },
    options: ['-f', 'compose.yaml', '-f', 'o.yaml'],
  },
  'reset and override': {
    files: {
      'compose.yaml':
        'services: {a: {image: box, ports: ["1:1"], environment: {A: "1", B: "2"}, command: x, volumes: ["./a:/a"], labels: {l: "1"}}, b: {image: b}}\n',
      'o.yaml':
        'services: {a: {ports: !override ["2:2"], environment: {A: !reset null}, command: !reset null, volumes: !reset [], labels: !override {m: "2"}}, b: !reset null}\n',
    },
    options: ['-f', 'compose.yaml', '-f', 'o.yaml'],
  },
  'several documents': one('services: {a: {image: box, environment: [A=1]}}\n---\nservices: {a: {environment: [B=2]}, b: {image: b}}\n'),
  'extends in a file': one(`services:
  base: {image: box, environment: {A: 1}, ports: ["1:1"], depends_on: [dep], command: [x]}
  middle: {extends: base, environment: [B=2]}
  top: {extends: {service: middle}, image: other, ports: ["2:2"], command: y}
  dep: {image: dep}
`),
  'extends from another file': {
    files: {
      'compose.yaml': 'services: {app: {extends: {file: lib/base.yaml, service: web}, environment: {B: 2}, volumes: ["./own:/own"]}}',
      'lib/base.yaml': `services:
  web: {extends: {file: deep/deeper.yaml, service: root}, build: ., volumes: ["./data:/data"], env_file: base.env}
  broken: {nothing: right}
`,
      'lib/base.env': 'FROM=file\n',
      'lib/deep/deeper.yaml': 'services: {root: {image: "box:${TAG:-1}", volumes: ["./deep:/deep"], labels: {l: "1"}}}',
    },
  },
  include: {
    files: {
      'compose.yaml': `include:
  - lib/one.yaml
  - {path: [lib/two.yaml, lib/three.yaml], project_directory: ./elsewhere, env_file: lib/two.env}
services: {app: {image: box, depends_on: [one, two]}}
`,
      'lib/one.yaml': 'services: {one: {image: "one:$TAG", volumes: ["./a:/a"], networks: [n]}}\nnetworks: {n: }\n',
      'lib/.env': 'TAG=fromlib\n',
      'lib/two.yaml': 'services: {two: {build: ., environment: {A: "$A", B: "$B"}}}\n',
      'lib/three.yaml': 'services: {two: {labels: {l: "1"}}}\n',
      'lib/two.env': 'A=two\nB=two\n',
      'elsewhere/readme': '',
    },
    environment: { B: 'shell' },
  },
  'another directory and name': {
    files: { 'sub/my.yml': 'services: {app: {build: ., volumes: ["./x:/x"]}}', 'other/.env': 'A=1\n' },
    options: ['-f', 'sub/my.yml', '--project-directory', 'other', '-p', 'named'],
  },
  'files of the environment': {
    files: { 'a.yml': 'services: {app: {image: box}}', 'b.yml': 'services: {app: {tty: true}}' },
    environment: { COMPOSE_FILE: 'a.yml:b.yml', COMPOSE_PROJECT_NAME: 'theirs' },
  },
  'version 2': one(
    'version: "2.4"\nservices: {app: {image: box, mem_limit: 100m, depends_on: {db: {condition: service_healthy}}}, db: {image: db}}\n',
  ),
  'version 3': one('version: "3.8"\nservices: {app: {image: box, deploy: {resources: {limits: {memory: 100M}}}}}\nvolumes: {unused: }\n'),
  'texts of several lines': one(
    'services:\n  app:\n    image: box\n    command: |\n      a\n        b\n    environment:\n      A: "x\\ny"\n      B: "x\\n\\n"\n      C: " lead\\nx"\n      D: "tab\\tx"\n      E: "a: b #c"\n      F: "- x"\n      G: "é ☃ \\u0007"\n      H: "trail "\n      I: "a \\nb"\n      J: "2020-01-01"\n      K: "@x"\n      L: "x:"\n      M: "y"\n',
  ),
  'names in order': one(
    'services: {app: {image: box, environment: {B: 1, a: 1, A10: 1, A9: 1, A_1: 1, AB: 1, A1b: 1, A1_b: 1, "1": 1, _x: 1, A01: 1}}}',
  ),
  'models and a provider': one(
    'services: {app: {image: box, models: {m: {endpoint_var: URL}}}, p: {provider: {type: x, options: {a: b, c: [d, 1]}}}}\nmodels: {m: {model: ai/x, context_size: 10}}\n',
  ),
}
