import { isIP } from 'node:net'
import { GalleyError } from '#base/error.ts'
import { addressBytes, addressText } from '#base/ip-address.ts'

/** A subnet of either family; its addresses are unsigned numbers of `bits` bits. */
export interface Subnet {
  readonly bits: 32 | 128
  readonly base: bigint
  readonly prefixLength: number
}

/** Parses `10.1.0.0/16` or `fd00::/64`; host bits are cut. Throws `invalid`, also for one too small for a network. */
export function parseSubnet(text: string): Subnet {
  const subnet = parseRange(text)
  if (subnet.prefixLength > subnet.bits - 1) throw new GalleyError('invalid', `invalid subnet: ${text}`, { subject: text })
  return subnet
}

/** The same for a part of a subnet, which may be a single address. Throws `invalid`. */
export function parseRange(text: string): Subnet {
  const [address = '', length = '', ...rest] = text.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  const prefixLength = Number(length)
  if (isIP(address) === 0 || address.includes('%') || !/^\d{1,3}$/.test(length) || prefixLength > bits || rest.length > 0)
    throw new GalleyError('invalid', `invalid subnet: ${text}`, { subject: text })
  const number = toNumber(address)
  return { bits, base: number - (number % 2n ** BigInt(bits - prefixLength)), prefixLength }
}

export function subnetText(subnet: Subnet): string {
  return `${addressAt(subnet, 0n)}/${subnet.prefixLength}`
}

export function sizeOf({ bits, prefixLength }: Subnet): bigint {
  return 2n ** BigInt(bits - prefixLength)
}

/** How far an address is from the subnet's first one; undefined when it isn't in there. Throws `invalid`. */
export function offsetOf(subnet: Subnet, address: string): bigint | undefined {
  const offset = toNumber(address) - subnet.base
  const isInside = addressBytes(address).length * 8 === subnet.bits && offset >= 0n && offset < sizeOf(subnet)
  return isInside ? offset : undefined
}

/** The address that is so far from the subnet's first one. */
export function addressAt({ bits, base }: Subnet, offset: bigint): string {
  return addressText(Buffer.from((base + offset).toString(16).padStart(bits / 4, '0'), 'hex'))
}

export function contains(subnet: Subnet, address: string): boolean {
  return offsetOf(subnet, address) !== undefined
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.bits === b.bits && a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a)
}

/** Equal addresses as equal texts. Throws `invalid`. */
export function canonical(address: string): string {
  return addressText(addressBytes(address))
}

function toNumber(address: string): bigint {
  return BigInt(`0x${addressBytes(address).toString('hex')}`)
}
