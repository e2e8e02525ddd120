import { GalleyError, kindOf } from '#base/error.ts'
import type { Volume, Volumes } from '#engine/volumes/volumes.ts'
import { hasLabel } from './container-filters.ts'
import { filters, flag, readJson, sendEmpty, sendJson, type Call, type Routes } from './route.ts'
import { selection, truth, type Tests } from './selection.ts'
import { decodeBody, fields, map, textOf, textsOf, type Type } from './typed-body.ts'

/** `POST /volumes/create` (Engine API 1.51, VolumeCreateOptions). */
const createVolumeBody: Type = fields({
  Name: 'string',
  Driver: 'string',
  DriverOpts: map('string'),
  Labels: map('string'),
  ClusterVolumeSpec: 'any',
})

const tests: Tests<Volume, Volumes> = {
  name: ({ name }, value) => name.includes(value),
  driver: (_, value) => value === 'local',
  label: ({ labels }, value) => hasLabel(labels, value),
  'label!': ({ labels }, value) => !hasLabel(labels, value),
  dangling: ({ name }, value, volumes) => volumes.inUse(name) !== truth('dangling', value),
}

/** Volumes of the Engine API. Missing: cluster volumes (`PUT /volumes/{name}`), other drivers than `local`. */
export function volumeRoutes(volumes: Volumes): Routes {
  const name = (call: Call): string => call.params['name'] ?? ''
  return {
    'GET /volumes': (call) => {
      const found = volumes.list().filter(selection(tests, filters(call.query), volumes))
      sendJson(call, 200, { Volumes: found.map((volume) => volumeShape(volumes, volume)), Warnings: null })
    },
    'POST /volumes/create': (call) => create(volumes, call),
    'POST /volumes/prune': (call) => prune(volumes, call),
    'GET /volumes/{name}': (call) => sendJson(call, 200, volumeShape(volumes, volumes.get(name(call)))),
    'DELETE /volumes/{name}': (call) => remove(volumes, name(call), call),
    'PUT /volumes/{name}': () => {
      throw new GalleyError('not implemented', 'cluster volumes are not implemented by Galley')
    },
  }
}

async function create(volumes: Volumes, call: Call): Promise<void> {
  const body = decodeBody(await readJson(call), createVolumeBody)
  if (body['ClusterVolumeSpec'] != null) throw new GalleyError('not implemented', 'cluster volumes are not implemented by Galley')
  const volume = await volumes.create({
    name: textOf(body['Name']),
    driver: textOf(body['Driver']) || 'local',
    labels: textsOf(body['Labels']),
    options: textsOf(body['DriverOpts']),
  })
  sendJson(call, 201, volumeShape(volumes, volume))
}

/** With `force`, a volume that is not there counts as removed. */
async function remove(volumes: Volumes, name: string, call: Call): Promise<void> {
  try {
    await volumes.remove(name)
  } catch (error) {
    if (!(flag(call.query, 'force') && kindOf(error) === 'not found')) throw error
  }
  sendEmpty(call)
}

/** Anonymous ones only, unless `all` is asked for (and before API 1.42, which did not know it). */
async function prune(volumes: Volumes, call: Call): Promise<void> {
  const { all = [], ...wanted } = Object.fromEntries(filters(call.query))
  const unknown = Object.keys(wanted).find((name) => name !== 'label' && name !== 'label!')
  if (unknown !== undefined) throw new GalleyError('invalid', `invalid filter '${unknown}'`, { subject: unknown })
  const everything = call.minor < 42 || all.some((value) => truth('all', value))
  const isWanted = selection(tests, new Map(Object.entries(wanted)), volumes)
  const { removed, bytes } = await volumes.prune((volume) => (everything || volume.anonymous) && isWanted(volume))
  sendJson(call, 200, { VolumesDeleted: removed.map((volume) => volume.name), SpaceReclaimed: bytes })
}

/** The API's Volume (1.51). */
export function volumeShape(volumes: Volumes, { name, created, labels, options, anonymous }: Volume): object {
  return {
    CreatedAt: new Date(created).toISOString().replace(/\.\d+/, ''),
    Driver: 'local',
    Labels: anonymous ? { ...labels, 'com.docker.volume.anonymous': '' } : labels,
    Mountpoint: volumes.mountpoint(name),
    Name: name,
    Options: Object.keys(options).length === 0 ? null : options,
    Scope: 'local',
  }
}
