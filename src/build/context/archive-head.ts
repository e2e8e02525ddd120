/** Compressions by the first bytes; `program` undoes what Node can't. */
const compressions: readonly { readonly magic: readonly number[]; readonly program?: string; readonly debian?: string }[] = [
  { magic: [0x1f, 0x8b] },
  { magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], program: 'xz', debian: 'xz-utils' },
  { magic: [0x42, 0x5a, 0x68], program: 'bzip2', debian: 'bzip2' },
]

/** Whether bytes are the beginning of a tar, however old: a header whose sum is right (POSIX.1-2024, pax: ustar interchange format). */
export function isTar(head: Buffer): boolean {
  if (head.length < 512) return false
  const written = Number.parseInt(
    head
      .toString('latin1', 148, 156)
      .replace(/[\0 ]+$/, '')
      .trim(),
    8,
  )
  let sum = 8 * 0x20
  for (let at = 0; at < 512; at++) if (at < 148 || at >= 156) sum += head[at] ?? 0
  // An empty block, which ends an archive, begins none.
  return sum === written && sum > 8 * 0x20
}

/** How a file that begins so is compressed; undefined for one that is not. */
export function compressionOf(head: Buffer): (typeof compressions)[number] | undefined {
  return compressions.find(({ magic }) => magic.every((byte, index) => head[index] === byte))
}
