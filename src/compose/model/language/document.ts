import { file, flag, list, names, scalar, struct, text, textOrNumber, written, type Struct } from './form.ts'
import { options, pairs, texts } from './pieces.ts'
import { placeDevice } from './places.ts'
import { service } from './service.ts'
import { subnetOf } from './same.ts'
import { asInclude, asResource } from './short-forms.ts'

const resourceNames = /^[a-zA-Z0-9._-]+$/
const resources = { pattern: resourceNames, bare: 'mapping' } as const

const ipam = struct({
  driver: text,
  config: list(struct({ subnet: text, gateway: text, ip_range: text, aux_addresses: names(text) }), { merged: subnetOf }),
  options: names(text),
})

export const network = struct(
  {
    name: text,
    driver: text,
    driver_opts: options,
    ipam: { form: ipam, kept: 'always in JSON' },
    external: flag,
    internal: flag,
    attachable: flag,
    labels: pairs,
    enable_ipv4: written(flag),
    enable_ipv6: written(flag),
  },
  { convert: asResource },
)

export const volume = struct(
  { name: text, driver: text, driver_opts: options, external: flag, labels: pairs },
  { convert: asResource, place: placeDevice },
)

const fileObject = {
  name: text,
  file,
  environment: text,
  content: text,
  external: flag,
  labels: pairs,
  driver: text,
  driver_opts: options,
  template_driver: text,
}
const { content: _, ...secretFields } = fileObject
const { driver: __, driver_opts: ___, ...configFields } = fileObject

/** A whole Compose file, in the order in which it is printed. */
export const document: Struct = struct({
  version: textOrNumber,
  name: text,
  include: list(struct({ path: texts, project_directory: text, env_file: texts }, { closed: true, convert: asInclude })),
  services: { form: names(service, { pattern: resourceNames }), kept: 'always' },
  networks: names(network, resources),
  volumes: names(volume, resources),
  secrets: names(struct(secretFields, { convert: asResource }), resources),
  configs: names(struct(configFields, { convert: asResource }), resources),
  models: names(
    struct({ name: text, model: text, context_size: scalar('integer', 'integer'), runtime_flags: list(text) }, { required: ['model'] }),
    { pattern: resourceNames },
  ),
})
