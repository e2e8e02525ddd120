/** Compressions by the first bytes; `program` undoes what Node can't. */
const compressions: readonly { readonly magic: readonly number[]; readonly program?: string; readonly debian?: string }[] = [
  { magic: [0x1f, 0x8b] },
  { magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], program: 'xz', debian: 'xz-utils' },
  { magic: [0x42, 0x5a, 0x68], program: 'bzip2', debian: 'bzip2' },
]

/** Whether bytes are the beginning of a tar. */
export function isTar(head: Buffer): boolean {
  return head.toString('latin1', 257, 262) === 'ustar'
}

/** How a file that begins so is compressed; undefined for one that is not. */
export function compressionOf(head: Buffer): (typeof compressions)[number] | undefined {
  return compressions.find(({ magic }) => magic.every((byte, index) => head[index] === byte))
}
