import { containerOptionKeys } from './container-options.ts'
import type { Keys } from './decode.ts'

/** Every key of the Compose specification (schema of 2026), apart into those that Galley carries out and those it refuses by name. */
export const topLevelKeys: Keys = {
  known: ['version', 'name', 'services', 'networks', 'volumes'],
  unsupported: ['include', 'models', 'secrets', 'configs'],
}

export const serviceKeys: Keys = {
  known: [
    'build',
    'command',
    'container_name',
    'depends_on',
    'entrypoint',
    'env_file',
    'environment',
    'expose',
    'healthcheck',
    'hostname',
    'image',
    'labels',
    'networks',
    'ports',
    'restart',
    'stop_grace_period',
    'user',
    'volumes',
    'working_dir',
    ...containerOptionKeys,
  ],
  unsupported: words(`
    annotations attach blkio_config cgroup cgroup_parent configs cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period
    cpu_rt_runtime credential_spec deploy develop device_cgroup_rules devices extends external_links gpus isolation
    label_file links mac_address mem_swappiness models oom_kill_disable platform post_start pre_start pre_stop profiles
    provider pull_policy pull_refresh_after runtime scale secrets storage_opt use_api_socket userns_mode uts volumes_from`),
}

export const buildKeys: Keys = {
  known: ['context', 'dockerfile', 'args', 'target'],
  unsupported: words(`
    dockerfile_inline additional_contexts cache_from cache_to no_cache no_cache_filter pull platforms secrets ssh labels
    network shm_size tags ulimits extra_hosts isolation privileged entitlements provenance sbom`),
}

export const healthcheckKeys: Keys = {
  known: ['test', 'interval', 'timeout', 'retries', 'start_period', 'start_interval', 'disable'],
  unsupported: [],
}

export const attachmentKeys: Keys = {
  known: ['aliases', 'ipv4_address'],
  unsupported: ['ipv6_address', 'mac_address', 'link_local_ips', 'priority', 'gw_priority', 'interface_name', 'driver_opts'],
}

export const networkKeys: Keys = {
  known: ['name', 'external', 'internal', 'labels', 'driver'],
  unsupported: ['driver_opts', 'ipam', 'attachable', 'enable_ipv4', 'enable_ipv6'],
}

export const volumeKeys: Keys = { known: ['name', 'external', 'labels', 'driver'], unsupported: ['driver_opts'] }

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
