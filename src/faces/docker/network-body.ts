import { fields, list, map, type Type } from './typed-body.ts'

const texts = map('string')

/** `POST /networks/create` (Engine API 1.51, NetworkCreateRequest). */
export const createNetworkBody: Type = fields({
  Name: 'string',
  Driver: 'string',
  Scope: 'string',
  Internal: 'boolean',
  Attachable: 'boolean',
  Ingress: 'boolean',
  ConfigOnly: 'boolean',
  ConfigFrom: fields({ Network: 'string' }),
  IPAM: fields({
    Driver: 'string',
    Config: list(fields({ Subnet: 'string', IPRange: 'string', Gateway: 'string', AuxiliaryAddresses: texts })),
    Options: texts,
  }),
  EnableIPv4: 'boolean',
  EnableIPv6: 'boolean',
  Options: texts,
  Labels: texts,
})

/** `POST /networks/{id}/disconnect`. */
export const disconnectBody: Type = fields({ Container: 'string', Force: 'boolean' })
