import { duration, integer, list, number, scalar, struct, text, words, written, type Form, type Struct } from './form.ts'
import { pairs } from './pieces.ts'
import { asAllDevices } from './short-forms.ts'

const update = struct({
  parallelism: written(integer),
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: number,
  order: words('start-first', 'stop-first'),
})

const device = {
  capabilities: list(text, { distinct: true }),
  driver: text,
  count: scalar('count', 'string', 'integer'),
  device_ids: list(text, { distinct: true }),
  options: pairs,
}

/** All devices are meant where neither a number nor ids are written. */
const allDevices: Struct['defaults'] = (node) => ({ count: node.entries.has('device_ids') ? undefined : 'all' })

export const gpus: Form = list(struct(device, { defaults: allDevices }), { convert: asAllDevices })

const limits = struct({ cpus: number, memory: scalar('bytes', 'string'), pids: integer })

const reservations = struct({
  cpus: number,
  memory: scalar('bytes', 'string'),
  devices: list(struct(device, { required: ['capabilities'], defaults: allDevices })),
  generic_resources: list(
    struct({
      discrete_resource_spec: written(
        struct({ kind: { form: text, kept: 'always' }, value: { form: scalar('integer', 'number', 'string'), kept: 'always' } }),
      ),
    }),
  ),
})

/** Every attribute of `deploy`, in the order in which it is printed. */
export const deploy: Struct = struct({
  mode: text,
  replicas: written(integer),
  labels: pairs,
  update_config: written(update),
  rollback_config: written(update),
  resources: {
    form: struct({ limits: written(limits), reservations: written(reservations) }),
    kept: 'always in JSON',
  },
  restart_policy: written(struct({ condition: text, delay: written(duration), max_attempts: written(integer), window: written(duration) })),
  placement: {
    form: struct({
      constraints: list(text),
      preferences: list(struct({ spread: text })),
      max_replicas_per_node: integer,
    }),
    kept: 'always in JSON',
  },
  endpoint_mode: text,
})
