import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Clock } from '#base/clock.ts'
import { GalleyError, messageOf, reasonOf } from '#base/error.ts'
import type { Log } from '#base/log.ts'
import { Turns } from '#base/turns.ts'
import type { ImageReference } from '#base/image-reference.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import type { Registries } from '#content/remote/registries.ts'
import type { Images } from '#engine/images/images.ts'
import type { PushPlace } from '#engine/images/push.ts'
import type { RegistryDesk } from '#faces/galley/registry.ts'
import type { Face } from '#faces/oci/face.ts'
import { Users } from '#registry/access/users.ts'
import { clean, isUntidy, usualPatience } from '#registry/clean.ts'
import { LocalTarget } from '#registry/local-target.ts'
import { Mirrors, type MirrorsParts } from '#registry/mirror/mirrors.ts'
import { upstreamOf, type Upstream } from '#registry/mirror/upstream.ts'
import type { Registry } from '#registry/registry.ts'
import { RunnableImages } from '#registry/runnable-images.ts'
import { addressOf, checkSettings, domainsOf, isOwnHost, type RegistrySettings } from '#registry/settings.ts'
import type { Store } from '#store/store.ts'
import { plainServer, tlsServer } from './http-servers.ts'
import type { KeptListeners } from './kept-listeners.ts'

const doorName = 'registry'
const settingsKey = '/registry/settings'
const tokenKey = '/registry/token-key'
/** How this registry is known to those that it mirrors; the store is root's alone. */
const loginPrefix = '/registry/login/'
/** Milliseconds between two looks for blobs that no push came back for. */
const cleaningPause = 3_600_000

export interface RegistryDoorParts {
  readonly store: Store
  readonly images: Images
  readonly registry: Registry
  readonly registries: Registries
  readonly arrive: Upstream['arrive']
  readonly listeners: KeptListeners
  readonly data: string
  readonly clock: Clock
  readonly log: Log
}

/** What is kept of how the registry is served; it stays when the registry is stopped. */
interface Kept {
  readonly settings: RegistrySettings
  readonly open: boolean
}

interface Open {
  readonly settings: RegistrySettings
  readonly server: Server
}

/** The registry's door, which opens and closes while the daemon runs. */
export class RegistryDoor implements RegistryDesk, AsyncDisposable {
  readonly #parts: RegistryDoorParts
  readonly users: Users
  readonly #upstream: Upstream
  readonly #logins = new Map<string, Credentials>()
  #kept: Kept | undefined
  #key: Buffer = Buffer.alloc(0)
  #open: Open | undefined
  readonly #turns = new Turns()
  /** Blobs of other registries go on coming when the door is opened anew; two who fetched one would have the same file. */
  readonly #fetching: MirrorsParts['fetching'] = new Map()
  #onRequest: () => void = () => undefined
  #cleaning: Disposable | undefined

  constructor(parts: RegistryDoorParts) {
    this.#parts = parts
    this.users = new Users(parts.data, ({ message }) => parts.log.error('nobody can log in to the registry', { error: message }))
    this.#upstream = upstreamOf({ ...parts, credentials: (domain) => this.#logins.get(domain) })
  }

  /**
   * Opens the door again if it was open; `onRequest` is called for each request, as it comes. That it can't, such as for a taken port,
   * keeps nothing else from starting.
   */
  async start(onRequest: () => void): Promise<void> {
    this.#onRequest = onRequest
    const { store, registry, clock, log } = this.#parts
    const entry = await store.get(settingsKey)
    this.#kept = entry === undefined ? undefined : (JSON.parse(entry.value) as Kept)
    this.#key = await this.#loadKey()
    for (const { key, value } of (await store.list(loginPrefix)).entries)
      this.#logins.set(key.slice(loginPrefix.length), JSON.parse(value) as Credentials)
    await registry.uploads.clean(clock.now())
    if (this.#kept?.open !== true) return
    await this.#openDoor(this.#kept.settings).catch((error: unknown) =>
      log.error('the registry cannot be served', { error: messageOf(error) }),
    )
  }

  /** What was asked for last. */
  get settings(): RegistrySettings | undefined {
    return this.#kept?.settings
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Serves the registry, also after a restart. Throws `invalid`, `conflict` (taken port). */
  open(settings: RegistrySettings): Promise<void> {
    return this.#turns.run(async () => {
      checkSettings(settings)
      const before = this.#open?.settings
      await this.#closeDoor()
      try {
        await this.#openDoor(settings)
        await this.#keep({ settings, open: true })
      } catch (error) {
        // What could not be written down, as on a full disk, is not in force.
        await this.#closeDoor()
        if (before !== undefined) await this.#openDoor(before)
        throw error
      }
    })
  }

  /** Closes the door; what is in the registry stays. False when it was closed. */
  close(): Promise<boolean> {
    return this.#turns.run(async () => {
      const wasOpen = this.isOpen
      if (this.#kept !== undefined) await this.#keep({ ...this.#kept, open: false })
      await this.#closeDoor()
      return wasOpen
    })
  }

  /** Keeps, or without them forgets, credentials for a registry that is mirrored. */
  async login(domain: string, credentials: Credentials | undefined): Promise<void> {
    const key = loginPrefix + domain
    await this.#parts.store.txn({ then: [credentials === undefined ? { delete: key } : { put: key, value: JSON.stringify(credentials) }] })
    if (credentials === undefined) this.#logins.delete(domain)
    else this.#logins.set(domain, credentials)
  }

  clean(options: { readonly patience?: number | undefined; readonly untagged: boolean }): ReturnType<typeof clean> {
    return clean(this.#parts.registry, { patience: options.patience ?? usualPatience, untagged: options.untagged })
  }

  /** The repository that the engine pushes an image's name to, if it is one of this registry's. Throws `forbidden`, `invalid`. */
  target({ domain, path }: ImageReference): PushPlace | undefined {
    const settings = this.#open?.settings
    if (settings === undefined || !domainsOf(settings).includes(domain)) return undefined
    if (settings.readOnly || settings.mirrors.some((mirror) => path.startsWith(`${mirror}/`)))
      throw new GalleyError('forbidden', `${domain}/${path} can only be read`, { code: 'registry.read-only', subject: path })
    return new LocalTarget(this.#parts.registry, this.#parts.images.content, path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeDoor()
  }

  async #openDoor(settings: RegistrySettings): Promise<void> {
    const { host, port, tls } = settings
    const server = tls === undefined ? plainServer() : tlsServer(tls)
    // Only who serves it needs it in memory.
    const { serveOci } = await import('#faces/oci/server.ts')
    serveOci(server, this.#faceFor(settings)).on('request', () => this.#noteRequest())
    const address = addressOf(host, port)
    const open = async (): Promise<void> => void (await once(server.listen(port, host), 'listening'))
    await this.#parts.listeners.listen(doorName, { server, address: () => address, open }).catch((cause: unknown) => {
      throw new GalleyError('conflict', `the registry cannot listen on ${address}: ${reasonOf(cause)}`, {
        code: 'registry.listen',
        cause,
      })
    })
    this.#open = { settings, server }
    this.#cleanLater()
    this.#parts.log.info('the registry is served', { host, port, tls: tls !== undefined, anonymous: settings.anonymous })
  }

  #faceFor(settings: RegistrySettings): Face {
    const { registry, images, log } = this.#parts
    const { anonymous, readOnly, tls, mirrors } = settings
    return {
      registry,
      users: this.users,
      images: new RunnableImages({ registry, images, domains: () => domainsOf(settings) }),
      mirrors: new Mirrors({ registry, upstream: this.#upstream, domains: mirrors, fetching: this.#fetching }),
      key: this.#key,
      anonymous,
      readOnly,
      secure: tls !== undefined,
      isOwnHost: (header) => isOwnHost(settings, header),
      log,
    }
  }

  async #closeDoor(): Promise<void> {
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    this.#cleaning?.[Symbol.dispose]()
    this.#cleaning = undefined
    await this.#parts.listeners.close(doorName)
    const closed = once(open.server, 'close')
    open.server.close()
    open.server.closeAllConnections()
    await closed
  }

  /** Once for all that comes within the pause, and again while something waits for its manifest. */
  #cleanLater(): void {
    const { clock, log, registry } = this.#parts
    this.#cleaning ??= clock.after(cleaningPause, () => {
      this.#cleaning = undefined
      this.clean({ untagged: false })
        .then(() => this.#open !== undefined && isUntidy(registry) && this.#cleanLater())
        .catch((error: unknown) => log.error('the registry cannot be cleaned', { error: messageOf(error) }))
    })
  }

  async #keep(kept: Kept): Promise<void> {
    await this.#parts.store.txn({ then: [{ put: settingsKey, value: JSON.stringify(kept) }] })
    this.#kept = kept
  }

  #noteRequest(): void {
    this.#onRequest()
    this.#cleanLater()
  }

  /** Tokens outlive the daemon. */
  async #loadKey(): Promise<Buffer> {
    const { store } = this.#parts
    const entry = await store.get(tokenKey)
    if (entry !== undefined) return Buffer.from(JSON.parse(entry.value) as string, 'base64')
    const made = randomBytes(32)
    await store.txn({ then: [{ put: tokenKey, value: JSON.stringify(made.toString('base64')) }] })
    return made
  }
}
