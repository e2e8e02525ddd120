import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { GalleyError } from '#base/error.ts'
import { Turns } from '#base/turns.ts'
import { syncDirectory } from '#content/blobs/sync-directory.ts'
import { checkPassword, hashPassword } from './bcrypt.ts'
import { formatHtpasswd, parseHtpasswd, parseUserName, type User } from './htpasswd.ts'
import { checkedRights, type Rights } from './rights.ts'

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
  #damage: GalleyError | undefined
  readonly #onDamage: (problem: GalleyError) => void
  /** Of the file that was read last: what another wrote is read when somebody is looked for. */
  #state = ''
  readonly #turns = new Turns()

  /** Reads the file, if there is one; `onDamage` is told when it can't be read. */
  constructor(directory: string, onDamage: (problem: GalleyError) => void) {
    this.#onDamage = onDamage
    this.#directory = directory
    this.#path = `${directory}/registry.htpasswd`
    this.#users = new Map()
    this.#refresh()
  }

  #refresh(): void {
    const state = stateOf(this.#path)
    if (state === this.#state) return
    this.#state = state
    this.#users = new Map()
    this.#damage = undefined
    try {
      if (state !== '') this.#users = parseHtpasswd(readFileSync(this.#path, 'utf8'))
    } catch (error) {
      if (!(error instanceof GalleyError)) throw error
      this.#damage = error
      this.#onDamage(error)
    }
  }

  list(): readonly Omit<User, 'hash'>[] {
    this.#refresh()
    return [...this.#users.values()].map(({ name, rights }) => ({ name, rights }))
  }

  get(name: string): User | undefined {
    this.#refresh()
    return this.#users.get(name)
  }

  /** Adds a user, or gives one another password and other rights. Throws `invalid`, also while the file is damaged. */
  async set(name: string, password: string, rights: Rights): Promise<void> {
    const user = { name: parseUserName(name), rights: checkedRights(rights), hash: await hashPassword(password) }
    await this.#change((users) => new Map([...users, [name, user]]))
  }

  /** Gives a user other rights. Throws `not found`, `invalid`. */
  async allow(name: string, rights: Rights): Promise<void> {
    checkedRights(rights)
    await this.#change((users) => new Map([...users, [name, { ...known(users, name), rights }]]))
  }

  /** Throws `not found`. */
  async remove(name: string): Promise<void> {
    await this.#change((users) => {
      known(users, name)
      return new Map([...users].filter(([other]) => other !== name))
    })
  }

  /** The user whose password this is. Throws `throttled`. */
  async verify(name: string, password: string): Promise<User | undefined> {
    const user = this.get(name)
    const key = createHmac('sha256', this.#key).update(`${name}\0${password}`).digest('base64')
    if (user !== undefined && this.#checked.get(key) === user.hash) return user
    const isRight = await checkPassword(password, user?.hash ?? nobody)
    if (!isRight || user === undefined) return undefined
    if (this.#checked.size > 1000) this.#checked.clear()
    this.#checked.set(key, user.hash)
    return user
  }

  /** One change after the other, each of what the last one left. */
  #change(made: (users: ReadonlyMap<string, User>) => ReadonlyMap<string, User>): Promise<void> {
    return this.#turns.run(async () => {
      this.#refresh()
      await this.#save(made(this.#users))
    })
  }

  async #save(users: ReadonlyMap<string, User>): Promise<void> {
    if (this.#damage !== undefined) throw this.#damage
    const made = `${this.#path}.new`
    {
      await using file = await open(made, 'w', 0o600)
      await file.writeFile(formatHtpasswd(users.values()))
      await file.datasync()
    }
    await rename(made, this.#path)
    await syncDirectory(this.#directory)
    this.#state = stateOf(this.#path)
    this.#users = users
  }
}

/** Throws `not found`. */
function known(users: ReadonlyMap<string, User>, name: string): User {
  const user = users.get(name)
  if (user === undefined) throw new GalleyError('not found', `no user ${name}`, { code: 'registry.user', subject: name })
  return user
}

/** Tells one version of a file from another; empty when there is none. */
function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
}
