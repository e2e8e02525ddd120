import { plainText } from '../tree.ts'
import { build } from './build.ts'
import { deploy, gpus } from './deploy.ts'
import {
  bytes,
  duration,
  file,
  flag,
  integer,
  list,
  names,
  number,
  scalar,
  struct,
  text,
  textOrNumber,
  words,
  written,
  type Form,
  type Struct,
} from './form.ts'
import { command, environment, extraHosts, fileMounts, options, pairs, ulimits } from './pieces.ts'
import { placeBind } from './places.ts'
import { asPorts } from './ports.ts'
import type { Printed, Target } from './print.ts'
import { keyOf, logDriversDiffer, pathOf, portKey, targetOf } from './same.ts'
import { asConditions, asDevice, asEnvFile, asExtends, asNames, asTest } from './short-forms.ts'
import { asMount } from './volumes.ts'

const throttle: Form = list(
  struct({ path: always(text, 'Path'), rate: always(scalar('bytes', 'integer', 'string'), 'Rate') }, { closed: true }),
)
const serviceNames = /^[a-zA-Z0-9._-]+$/

const hook = struct(
  { command: { form: command, kept: 'written, null in JSON' }, user: text, privileged: flag, working_dir: text, environment },
  { required: ['command'] },
)

const develop = struct({
  watch: list(
    struct(
      {
        path: always({ ...text, path: 'watched' }),
        action: always(words('rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec')),
        target: text,
        exec: { form: hook, kept: 'always in JSON' },
        include: list(text, { single: true }),
        ignore: list(text, { single: true }),
        initial_sync: scalar('flag', 'boolean'),
      },
      { required: ['path', 'action'] },
    ),
  ),
})

const healthcheck = struct({
  test: list(text, { convert: asTest, replaced: true, late: true }),
  timeout: written(duration),
  interval: written(duration),
  retries: written(scalar('integer', 'number', 'string')),
  start_period: written(duration),
  start_interval: written(duration),
  disable: flag,
})

const attachment = struct({
  aliases: list(text, { same: keyOf }),
  driver_opts: options,
  gw_priority: scalar('integer', 'number'),
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: list(text, { same: keyOf }),
  mac_address: text,
  priority: scalar('integer', 'number'),
})

const port = struct(
  {
    name: text,
    mode: text,
    host_ip: text,
    target: integer,
    published: scalar('text', 'string', 'integer'),
    protocol: text,
    app_protocol: text,
  },
  { defaults: () => ({ mode: 'ingress', protocol: 'tcp' }) },
)

const mount = struct(
  {
    type: words('bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image'),
    source: text,
    target: text,
    read_only: flag,
    consistency: text,
    bind: written(
      struct({
        selinux: words('z', 'Z'),
        propagation: text,
        create_host_path: flag,
        recursive: words('enabled', 'disabled', 'writable', 'readonly'),
      }),
    ),
    volume: written(struct({ labels: pairs, nocopy: flag, subpath: text })),
    tmpfs: written(struct({ size: { ...scalar('bytes', 'integer', 'string'), least: 0 }, mode: scalar('integer', 'number', 'string') })),
    image: written(struct({ subpath: text })),
  },
  { required: ['type'], place: placeBind },
)

const dependency = struct(
  {
    condition: words('service_started', 'service_healthy', 'service_completed_successfully'),
    restart: flag,
    required: { form: scalar('flag', 'boolean'), kept: 'always' },
  },
  { required: ['condition'], defaults: () => ({ required: true }) },
)

const envFile = struct(
  { path: file, required: always(flag), format: text },
  { required: ['path'], closed: true, convert: asEnvFile, defaults: () => ({ required: true }), short: shortEnvFile },
)

/** Every attribute of a service, in the order in which it is printed. */
export const service: Struct = struct({
  profiles: list(text, { same: keyOf }),
  annotations: pairs,
  attach: written(flag),
  build: written(build),
  develop: written(develop),
  blkio_config: written(
    struct(
      {
        weight: integer,
        weight_device: list(struct({ path: always(text, 'Path'), weight: always(integer, 'Weight') }, { closed: true })),
        device_read_bps: throttle,
        device_read_iops: throttle,
        device_write_bps: throttle,
        device_write_iops: throttle,
      },
      { closed: true },
    ),
  ),
  cap_add: list(text, { same: keyOf }),
  cap_drop: list(text, { same: keyOf }),
  cgroup_parent: text,
  cgroup: words('host', 'private'),
  cpu_count: { ...integer, least: 0 },
  cpu_percent: { ...scalar('number', 'integer', 'string'), least: 0, most: 100 },
  cpu_period: scalar('integer', 'number', 'string'),
  cpu_quota: scalar('integer', 'number', 'string'),
  cpu_rt_period: scalar('integer', 'number', 'string'),
  cpu_rt_runtime: scalar('integer', 'number', 'string'),
  cpus: number,
  cpuset: text,
  cpu_shares: scalar('integer', 'number', 'string'),
  command: { form: command, kept: 'written, null in JSON' },
  configs: fileMounts('configs'),
  container_name: { ...text, pattern: /[a-zA-Z0-9][a-zA-Z0-9_.-]+/ },
  credential_spec: written(struct({ config: text, file: text, registry: text })),
  depends_on: names(dependency, { pattern: serviceNames, convert: asConditions }),
  deploy: written(deploy),
  device_cgroup_rules: list(text, { distinct: true }),
  devices: list(struct({ source: text, target: text, permissions: text }, { required: ['source'], convert: asDevice }), {
    same: targetOf,
  }),
  dns: list(text, { single: true, same: keyOf }),
  dns_opt: list(text, { same: keyOf }),
  dns_search: list(text, { single: true, same: keyOf, late: true }),
  domainname: text,
  entrypoint: { form: command, kept: 'written, null in JSON' },
  provider: written(
    struct(
      { type: text, options: names(list(scalar('text', 'string', 'number', 'boolean'), { single: true, late: true })) },
      { required: ['type'] },
    ),
  ),
  environment,
  env_file: list(envFile, {
    single: true,
    same: pathOf,
  }),
  expose: list(textOrNumber, { same: plainText }),
  extends: struct({ file, service: text }, { closed: true, required: ['service'], convert: asExtends }),
  external_links: list(text, { distinct: true }),
  extra_hosts: extraHosts,
  group_add: list(textOrNumber, { distinct: true }),
  gpus,
  hostname: text,
  healthcheck: written(healthcheck),
  image: text,
  init: written(flag),
  ipc: text,
  isolation: text,
  labels: pairs,
  label_file: list(file, { single: true }),
  links: list(text, { same: keyOf }),
  logging: written(struct({ driver: text, options }, { replaced: logDriversDiffer })),
  mem_limit: bytes,
  mem_reservation: scalar('bytes', 'integer', 'string'),
  memswap_limit: bytes,
  mem_swappiness: scalar('bytes', 'integer', 'string'),
  mac_address: text,
  models: names(struct({ endpoint_var: text, model_var: text }), { pattern: serviceNames, convert: asNames }),
  network_mode: text,
  networks: names(attachment, { pattern: serviceNames, convert: asNames }),
  oom_kill_disable: flag,
  oom_score_adj: { ...integer, least: -1000, most: 1000 },
  pid: scalar('text', 'string', 'null'),
  pids_limit: scalar('integer', 'number', 'string'),
  platform: text,
  ports: list(port, { lengthen: asPorts, same: portKey, together: true }),
  privileged: flag,
  pull_policy: { ...text, pattern: /always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+/ },
  pull_refresh_after: text,
  read_only: flag,
  restart: text,
  runtime: text,
  scale: written(integer),
  secrets: fileMounts('secrets'),
  security_opt: list(text, { distinct: true }),
  shm_size: bytes,
  stdin_open: flag,
  stop_grace_period: written(duration),
  stop_signal: text,
  storage_opt: options,
  sysctls: pairs,
  tmpfs: list(text, { single: true, same: keyOf, late: true }),
  tty: flag,
  ulimits,
  use_api_socket: scalar('flag', 'boolean'),
  user: text,
  userns_mode: text,
  uts: text,
  volumes: list(mount, { lengthen: asMount, same: targetOf }),
  volumes_from: list(text, { distinct: true }),
  working_dir: text,
  post_start: list(hook),
  pre_stop: list(hook),
  pre_start: list(struct({ ...hook.fields, image: text, per_replica: flag })),
})

function always(form: Form, json?: string): { form: Form; kept: 'always'; json?: string } {
  return { form, kept: 'always', ...(json !== undefined && { json }) }
}

/** One that is required is its path alone. */
function shortEnvFile(printed: ReadonlyMap<string, Printed>, target: Target): Printed {
  if (printed.get('required') === true) return printed.get('path') ?? ''
  return target === 'json' ? printed : new Map([...printed].filter(([key]) => key !== 'format'))
}
