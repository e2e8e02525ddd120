import type { Project, WrittenKey } from '#compose/model/model.ts'
import { unsupportedAt } from '#compose/model/tree.ts'

/** Keys that are for clusters, or for tools around the engine: Docker Compose ignores them, and nothing here is different without them. */
const unused: readonly string[] = [
  ...below(
    'services.*.deploy',
    `labels endpoint_mode placement placement.constraints placement.preferences placement.preferences.spread placement.max_replicas_per_node
    resources.reservations.cpus restart_policy.delay restart_policy.window`,
  ),
]

/** What a person should know of keys that change nothing. */
export function unusedKeys({ written = [] }: Project): string[] {
  return written
    .filter(({ key }) => unused.includes(key) && !written.some((other) => other.key.startsWith(`${key}.`)))
    .map(({ path, at }) => `${at.file}:${at.line}:${at.column}: ${path} is for other builders or for clusters, and changes nothing here`)
}

/** Keys of the specification that Galley carries out; what a file says beyond them is refused by name. */
const carriedOut: ReadonlySet<string> = new Set([
  ...words('name services networks volumes secrets configs'),
  ...below(
    'services.*',
    `links external_links volumes_from annotations blkio_config cgroup cgroup_parent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime device_cgroup_rules devices mac_address
    mem_swappiness oom_kill_disable runtime userns_mode uts attach build cap_add cap_drop command container_name configs cpu_shares cpus cpuset depends_on deploy develop dns dns_opt dns_search domainname entrypoint
    env_file environment expose extends extra_hosts group_add healthcheck hostname image init ipc label_file labels logging mem_limit
    mem_reservation memswap_limit network_mode networks oom_score_adj pid pids_limit platform ports post_start pre_start pre_stop privileged profiles pull_policy read_only restart scale secrets
    security_opt shm_size stdin_open stop_grace_period stop_signal sysctls tmpfs tty ulimits user volumes working_dir`,
  ),
  ...below(
    'services.*.blkio_config',
    `weight weight_device weight_device.path weight_device.weight ${[
      'device_read_bps',
      'device_read_iops',
      'device_write_bps',
      'device_write_iops',
    ]
      .map((limit) => `${limit} ${limit}.path ${limit}.rate`)
      .join(' ')}`,
  ),
  ...below('services.*.devices', 'source target permissions'),
  ...below(
    'services.*.build',
    `context dockerfile dockerfile_inline args target additional_contexts labels tags cache_from cache_to no_cache no_cache_filter pull platforms privileged entitlements provenance sbom ssh secrets secrets.source
    secrets.target secrets.uid secrets.gid secrets.mode network shm_size ulimits extra_hosts`,
  ),
  ...below('services.*.build.ulimits.*', 'soft hard'),
  ...below('services.*.depends_on.*', 'condition required restart'),
  ...below('services.*.env_file', 'path required format'),
  ...below('services.*.extends', 'service file'),
  ...below('services.*.healthcheck', 'test interval timeout retries start_period start_interval disable'),
  ...below('services.*.logging', 'driver options'),
  ...below(
    'services.*.networks.*',
    'aliases ipv4_address ipv6_address link_local_ips mac_address priority gw_priority interface_name driver_opts',
  ),
  // What happens when files change is for whoever watches them.
  ...below(
    'services.*.develop',
    'watch watch.path watch.action watch.target watch.ignore watch.include watch.initial_sync watch.exec watch.exec.command watch.exec.user watch.exec.privileged watch.exec.working_dir watch.exec.environment',
  ),
  // Mode, name and application protocol are for other orchestrators, or for people.
  ...below('services.*.ports', 'name mode host_ip target published protocol app_protocol'),
  ...below('services.*.ulimits.*', 'soft hard'),
  ...below(
    'services.*.volumes',
    `type source target read_only bind volume tmpfs volume.nocopy volume.subpath volume.labels image image.subpath tmpfs.size tmpfs.mode bind.create_host_path
    bind.selinux bind.propagation bind.recursive consistency`,
  ),
  ...below('networks.*', 'name external internal labels driver driver_opts attachable enable_ipv4 enable_ipv6 ipam'),
  ...below('networks.*.ipam', 'driver options config config.subnet config.gateway config.ip_range config.aux_addresses'),
  ...below('secrets.*', 'name file environment content external labels'),
  ...below('configs.*', 'name file environment content external labels'),
  ...below('services.*.secrets', 'source target uid gid mode'),
  ...below('services.*.configs', 'source target uid gid mode'),
  ...below('services.*.pre_start', 'command user privileged working_dir environment image per_replica'),
  ...['post_start', 'pre_stop'].flatMap((hook) => below(`services.*.${hook}`, 'command user privileged working_dir environment')),
  ...below(
    'services.*.deploy',
    `mode replicas resources restart_policy update_config rollback_config resources.limits resources.limits.cpus resources.limits.memory
    resources.limits.pids resources.reservations resources.reservations.memory restart_policy.condition restart_policy.max_attempts
    ${['update_config', 'rollback_config']
      .map((way) =>
        ['parallelism', 'delay', 'failure_action', 'monitor', 'max_failure_ratio', 'order'].map((key) => `${way}.${key}`).join(' '),
      )
      .join(' ')}`,
  ),
  ...unused,
  ...below('volumes.*', 'name external labels driver driver_opts'),
])

/** Throws `not implemented`, with the place, for the first thing in a project that would otherwise be ignored. */
export function refuseUnsupported(project: Project): void {
  const unknown = project.written?.find(({ key }) => !carriedOut.has(key))
  if (unknown !== undefined) throw unsupportedAt(unknown.at, unknown.path, instead.find(([key]) => unknown.key.startsWith(key))?.[1])
  for (const { what, at, advice } of unsupportedValues(project)) throw unsupportedAt(at, what, advice)
}

const ofCdi = 'Where the machine declares devices by CDI, name them: devices: ["nvidia.com/gpu=all"].'

/** What does the same, by how keys begin. */
const instead: readonly (readonly [key: string, advice: string])[] = [
  ['services.*.gpus', ofCdi],
  ['services.*.deploy.resources.reservations.devices', ofCdi],
]

/** Whether Galley carries out a key, such as `services.*.deploy.replicas`, or takes it although it changes nothing. */
export function stateOf(key: string): 'carried out' | 'taken' | 'refused' {
  if (unused.includes(key)) return 'taken'
  return carriedOut.has(key) ? 'carried out' : 'refused'
}

interface Unsupported {
  readonly what: string
  readonly at: WrittenKey['at']
  readonly advice?: string
}

function* unsupportedValues(project: Project): Generator<Unsupported> {
  const placeOf = (path: string): WrittenKey['at'] =>
    project.written?.find((one) => one.path === path)?.at ?? { file: path, line: 1, column: 1 }
  for (const [section, usual] of [['networks', ['bridge', 'default']] as const, ['volumes', ['local']] as const])
    for (const [key, { driver, external }] of Object.entries(project[section]))
      if (driver !== undefined && !external && !usual.some((name) => name === driver))
        yield {
          what: `the ${section.slice(0, -1)} driver ${driver}`,
          at: placeOf(`${section}.${key}.driver`),
          advice: `Leave it out: the usual one is ${usual[0]}, for one machine.`,
        }
  for (const service of Object.values(project.services)) {
    const where = `services.${service.name}`
    for (const { type, at } of service.mounts) if (['npipe', 'cluster'].includes(type)) yield { what: `a mount of type ${type}`, at }
    if (service.deploy?.mode !== undefined && !['replicated', 'global'].includes(service.deploy.mode))
      yield { what: `${where}.deploy.mode: ${service.deploy.mode}`, at: placeOf(`${where}.deploy.mode`) }
    for (const { protocol, at } of service.ports) {
      if (protocol === 'sctp') yield { what: 'publishing a port of protocol sctp', at }
    }
  }
}

function below(above: string, keys: string): string[] {
  return words(keys).map((key) => `${above}.${key}`)
}

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
