import { isIPv6 } from 'node:net'
import { code, reversedAddress, type, type Answer, type Query } from './message.ts'

/** The names of one network, as the daemon tells them whenever they change. */
export interface NameTable {
  /** Id and name of the network. */
  readonly id: string
  readonly name: string
  readonly records: readonly NameRecord[]
}

export interface NameRecord {
  /** All names of one container, its own first. */
  readonly names: readonly string[]
  /** Empty on a network without IPv4. */
  readonly address: string
  /** On a network that has IPv6. */
  readonly ipv6?: string
}

export interface LocalAnswer {
  readonly code: number
  readonly answers: readonly Answer[]
}

/** What can be asked of a network's names. */
export interface Askable {
  /** Addresses of both families of `name`, or of `name.network`; undefined when nobody has it. */
  addressesOf(name: string): readonly string[] | undefined
  nameOf(address: string): string | undefined
}

/** A table ready for asking. */
export class Names implements Askable {
  readonly #suffix: string
  readonly #addresses = new Map<string, string[]>()
  readonly #names = new Map<string, string>()

  constructor({ name, records }: NameTable) {
    this.#suffix = `.${name.toLowerCase()}`
    for (const { names, address, ipv6 } of records) {
      const addresses = [address, ipv6 ?? ''].filter((each) => each !== '')
      for (const each of addresses) this.#names.set(each, `${names[0] ?? each}.${name}`)
      for (const one of new Set(names.map((word) => word.toLowerCase())))
        this.#addresses.set(one, [...(this.#addresses.get(one) ?? []), ...addresses])
    }
  }

  addressesOf(name: string): readonly string[] | undefined {
    const bare = name.endsWith(this.#suffix) ? name.slice(0, -this.#suffix.length) : name
    return this.#addresses.get(name) ?? this.#addresses.get(bare)
  }

  nameOf(address: string): string | undefined {
    return this.#names.get(address)
  }

  /** As one asks who has names of his own for others: theirs by his, which come first. */
  with(aliases: Readonly<Record<string, readonly string[]>>): Askable {
    return {
      addressesOf: (name) => {
        const meant = Object.hasOwn(aliases, name) ? aliases[name] : undefined
        const addresses = (meant ?? []).flatMap((other) => this.addressesOf(other) ?? [])
        return addresses.length > 0 ? addresses : this.addressesOf(name)
      },
      nameOf: (address) => this.nameOf(address),
    }
  }
}

/**
 * What the networks know of a question, the first one first; undefined when it is for others to answer. Of a known name, types
 * other than A and AAAA have no records, which is no error, and neither is a name without IPv6: a client that asks for AAAA then
 * goes on with A. `turn` makes several addresses take turns.
 */
export function answerLocally(networks: readonly Askable[], query: Query, turn: number): LocalAnswer | undefined {
  const address = query.type === type.PTR ? reversedAddress(query.name) : undefined
  for (const network of networks) {
    const name = address === undefined ? undefined : network.nameOf(address)
    if (name !== undefined) return { code: code.NOERROR, answers: [{ type: type.PTR, value: name }] }
    const addresses = network.addressesOf(query.name)
    if (addresses !== undefined) return { code: code.NOERROR, answers: addressAnswers(addresses, query.type, turn) }
  }
  return undefined
}

function addressAnswers(addresses: readonly string[], kind: number, turn: number): Answer[] {
  if (kind !== type.A && kind !== type.AAAA) return []
  const values = addresses.filter((address) => isIPv6(address) === (kind === type.AAAA))
  const start = turn % Math.max(values.length, 1)
  return [...values.slice(start), ...values.slice(0, start)].map((value) => ({ type: kind, value }))
}
