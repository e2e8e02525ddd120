import { isIP } from 'node:net'
import { GalleyError } from './error.ts'

/** The bytes of an address as they are sent: 4 of IPv4, 16 of IPv6. Throws `invalid`; zones (`fe80::1%eth0`) are none of an address. */
export function addressBytes(text: string): Buffer {
  const family = text.includes('%') ? 0 : isIP(text)
  if (family === 0) throw new GalleyError('invalid', `invalid address: ${text}`, { subject: text })
  return family === 4 ? Buffer.from(text.split('.').map(Number)) : ipv6Bytes(text)
}

function ipv6Bytes(text: string): Buffer {
  const [left, right] = text.split('::').map(groupBytes)
  const [before, after] = [left ?? [], right ?? []]
  return Buffer.from([...before, ...Array<number>(16 - before.length - after.length).fill(0), ...after])
}

/** The last group may be an IPv4 address (RFC 4291, 2.2). */
function groupBytes(text: string): number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      const word = Number.parseInt(group, 16)
      return group.includes('.') ? group.split('.').map(Number) : [word >> 8, word & 0xff]
    })
}

/** An address as it is written: of the ways to write one of IPv6, that of RFC 5952, so that equal addresses are equal texts. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const words = Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16))
  const plain = words.join(':')
  const [longest] = [...plain.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].toSorted((a, b) => zeros(b[0]) - zeros(a[0]))
  if (longest === undefined) return plain
  return `${plain.slice(0, longest.index)}::${plain.slice(longest.index + longest[0].length + 1)}`
}

function zeros(run: string): number {
  return run.replaceAll(':', '').length
}
