import { GalleyError } from '#base/error.ts'

/** An IPv4 subnet; addresses are unsigned 32-bit numbers. */
export interface Subnet {
  readonly base: number
  readonly prefixLength: number
}

/** Parses `10.1.0.0/16`; host bits are cut. Throws `invalid`. */
export function parseSubnet(text: string): Subnet {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text)
  const prefixLength = Number(match?.[2])
  if (match?.[1] === undefined || prefixLength > 30) throw new GalleyError('invalid', `invalid subnet: ${text}`, { subject: text })
  const size = 2 ** (32 - prefixLength)
  return { base: Math.floor(toNumber(match[1]) / size) * size, prefixLength }
}

export function subnetText({ base, prefixLength }: Subnet): string {
  return `${toText(base)}/${prefixLength}`
}

export function sizeOf({ prefixLength }: Subnet): number {
  return 2 ** (32 - prefixLength)
}

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address < subnet.base + sizeOf(subnet)
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, b.base) || contains(b, a.base)
}

export function toNumber(text: string): number {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    throw new GalleyError('invalid', `invalid address: ${text}`, { subject: text })
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}
