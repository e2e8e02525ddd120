import { GalleyError } from '#base/error.ts'
import { readJson, sendEmpty, sendJson, type Call, type Routes } from '#faces/docker/route.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { Anonymous, Rights } from '#registry/access/rights.ts'
import type { Users } from '#registry/access/users.ts'
import type { Cleaned } from '#registry/clean.ts'
import { domainsOf, parseListen, usualPort, type RegistrySettings } from '#registry/settings.ts'

/** What this face needs of the registry. */
export interface RegistryDesk {
  readonly users: Users
  readonly settings: RegistrySettings | undefined
  readonly isOpen: boolean
  open(settings: RegistrySettings): Promise<void>
  close(): Promise<boolean>
  login(domain: string, credentials: Credentials | undefined): Promise<void>
  clean(options: { readonly patience?: number | undefined; readonly untagged: boolean }): Promise<Cleaned>
}

/** `GET /galley/v1/registry`. */
export interface RegistryStatus {
  readonly open: boolean
  readonly settings: RegistrySettings | undefined
  /** What images of it are called by. */
  readonly domains: readonly string[]
  readonly users: readonly { readonly name: string; readonly rights: Rights }[]
}

/** Galley's own registry over Galley's own API: whether and how it is served, and to whom. */
export function registryDeskRoutes(desk: RegistryDesk) {
  return {
    'GET /galley/v1/registry': (call) => sendJson(call, 200, statusOf(desk)),
    'POST /galley/v1/registry/start': async (call) => {
      const body = await readJson(call)
      const asked = Object.keys(body).length === 0 ? desk.settings : undefined
      await desk.open(asked ?? settingsOf(body))
      sendJson(call, 200, statusOf(desk))
    },
    'POST /galley/v1/registry/stop': async (call) => sendJson(call, 200, { stopped: await desk.close() }),
    'POST /galley/v1/registry/clean': async (call) => {
      const { patience, untagged } = await readJson(call)
      const given = typeof patience === 'number' ? patience : undefined
      sendJson(call, 200, await desk.clean({ patience: given, untagged: untagged === true }))
    },
    'POST /galley/v1/registry/logins/{domain}': (call) => login(desk, call),
    'DELETE /galley/v1/registry/logins/{domain}': async (call) => {
      await desk.login(call.params['domain'] ?? '', undefined)
      sendEmpty(call)
    },
    'POST /galley/v1/registry/users/{name}': (call) => setUser(desk, call),
    'DELETE /galley/v1/registry/users/{name}': async (call) => {
      await desk.users.remove(call.params['name'] ?? '')
      sendEmpty(call)
    },
  } satisfies Routes
}

function statusOf({ isOpen, settings, users }: RegistryDesk): RegistryStatus {
  return { open: isOpen, settings, domains: settings === undefined ? [] : domainsOf(settings), users: users.list() }
}

async function setUser({ users }: RegistryDesk, call: Call): Promise<void> {
  const body = await readJson(call)
  const { password } = body
  const rights = { pull: textsOf(body, 'pull'), push: textsOf(body, 'push') }
  const name = call.params['name'] ?? ''
  if (password === undefined) await users.allow(name, rights)
  else if (typeof password === 'string') await users.set(name, password, rights)
  else throw new GalleyError('invalid', 'password is not a text')
  sendEmpty(call)
}

function textsOf(body: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = body[name] ?? []
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw new GalleyError('invalid', `${name} is not a list of texts`)
}

async function login(desk: RegistryDesk, call: Call): Promise<void> {
  const { username, password } = await readJson(call)
  if (typeof username !== 'string' || typeof password !== 'string') throw new GalleyError('invalid', 'username and password are texts')
  await desk.login(call.params['domain'] ?? '', { type: 'password', username, password })
  sendEmpty(call)
}

function settingsOf(body: Readonly<Record<string, unknown>>): RegistrySettings {
  const text = (name: string): string | undefined => {
    const value = body[name]
    if (value === undefined || typeof value === 'string') return value
    throw new GalleyError('invalid', `${name} is not a text`)
  }
  const [certificate, key] = [text('certificate'), text('key')]
  if ((certificate === undefined) !== (key === undefined)) throw new GalleyError('invalid', '--tlscert and --tlskey go together')
  return {
    ...parseListen(text('listen') ?? `127.0.0.1:${usualPort}`),
    names: textsOf(body, 'names'),
    ...(certificate !== undefined && key !== undefined && { tls: { certificate, key } }),
    anonymous: anonymousOf(text('anonymous') ?? 'none'),
    readOnly: body['readOnly'] === true,
    mirrors: textsOf(body, 'mirrors'),
  }
}

function anonymousOf(text: string): Anonymous {
  if (text === 'none' || text === 'pull' || text === 'push') return text
  throw new GalleyError('invalid', `--anonymous is none, pull or push, not ${text}`)
}
