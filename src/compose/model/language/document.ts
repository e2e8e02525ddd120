import { file, flag, list, names, scalar, struct, text, textOrNumber, written, type Form, type Struct } from './form.ts'
import { options, pairs } from './pieces.ts'
import { placeDevice } from './places.ts'
import { service } from './service.ts'
import { subnetOf } from './same.ts'
import { asInclude, asResource } from './short-forms.ts'

const resourceNames = /^[a-zA-Z0-9._-]+$/
/** Included files are read at once, so their short form is lengthened at once. */
const paths = list(text, { single: true })
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

/** The form of one service in that of a whole file. */
export function serviceForm({ fields }: Struct): Form {
  const services = fields['services']?.form
  return services?.kind === 'names' ? services.of : service
}

/** A whole Compose file, in the order in which it is printed. */
export const document: Struct = struct({
  version: textOrNumber,
  name: text,
  include: list(struct({ path: paths, project_directory: text, env_file: paths }, { closed: true, convert: asInclude })),
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
