import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { GalleyError } from '#base/error.ts'
import { syncDirectory } from '#content/blobs/sync-directory.ts'
import { checkPassword, hashPassword } from './bcrypt.ts'
import { formatHtpasswd, parseHtpasswd, parseUserName, type Right, type User } from './htpasswd.ts'

/** What is compared when nobody has the name, so that an answer's time doesn't tell who exists. */
const nobody = '$2b$10$I.OlngFZN6qfiwByHDh0mOMqYkxZ7vpMy.jbYfWB0tRrhbSmTY6yO'

/** The users of the registry, in a password file that only root reads. */
export class Users {
  readonly #path: string
  readonly #directory: string
  #users: ReadonlyMap<string, User>
  /** Passwords that were right, by a key that lasts as long as the process, with the hash that they were checked against. */
  readonly #checked = new Map<string, string>()
  readonly #key = randomBytes(32)
  /** Why the file can't be read: nobody gets in, and it is left as it is. */
  readonly damage: GalleyError | undefined

  /** Reads the file, if there is one. */
  constructor(directory: string) {
    this.#directory = directory
    this.#path = `${directory}/registry.htpasswd`
    this.#users = new Map()
    try {
      if (existsSync(this.#path)) this.#users = parseHtpasswd(readFileSync(this.#path, 'utf8'))
    } catch (error) {
      if (!(error instanceof GalleyError)) throw error
      this.damage = error
    }
  }

  list(): readonly Omit<User, 'hash'>[] {
    return [...this.#users.values()].map(({ name, right }) => ({ name, right }))
  }

  get(name: string): User | undefined {
    return this.#users.get(name)
  }

  /** Adds a user, or gives one another password and right. Throws `invalid`, also while the file is damaged. */
  async set(name: string, password: string, right: Right): Promise<void> {
    const user = { name: parseUserName(name), hash: await hashPassword(password), right }
    await this.#save(new Map([...this.#users, [name, user]]))
  }

  /** Throws `not found`. */
  async remove(name: string): Promise<void> {
    if (!this.#users.has(name)) throw new GalleyError('not found', `no user ${name}`, { code: 'registry.user', subject: name })
    await this.#save(new Map([...this.#users].filter(([other]) => other !== name)))
  }

  /** The user whose password this is. Throws `throttled`. */
  async verify(name: string, password: string): Promise<User | undefined> {
    const user = this.#users.get(name)
    const key = createHmac('sha256', this.#key).update(`${name}\0${password}`).digest('base64')
    if (user !== undefined && this.#checked.get(key) === user.hash) return user
    const right = await checkPassword(password, user?.hash ?? nobody)
    if (!right || user === undefined) return undefined
    if (this.#checked.size > 1000) this.#checked.clear()
    this.#checked.set(key, user.hash)
    return user
  }

  async #save(users: ReadonlyMap<string, User>): Promise<void> {
    if (this.damage !== undefined) throw this.damage
    const made = `${this.#path}.new`
    {
      await using file = await open(made, 'w', 0o600)
      await file.writeFile(formatHtpasswd(users.values()))
      await file.datasync()
    }
    await rename(made, this.#path)
    await syncDirectory(this.#directory)
    this.#users = users
  }
}
