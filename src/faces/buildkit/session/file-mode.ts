/** What a file is, by Go's `fs.FileMode`, in which clients send modes. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'device' | 'socket' | 'unknown'

const kinds: readonly (readonly [number, FileKind])[] = [
  [2 ** 31, 'directory'],
  [2 ** 27, 'symlink'],
  [2 ** 26, 'device'],
  [2 ** 25, 'fifo'],
  [2 ** 24, 'socket'],
  [2 ** 21, 'device'],
  [2 ** 19, 'unknown'],
]

/** Go's bits of set-user-ID, set-group-ID and sticky, and the kernel's. */
const special = [
  [2 ** 23, 0o4000],
  [2 ** 22, 0o2000],
  [2 ** 20, 0o1000],
] as const

const has = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1

export function kindOfMode(mode: number): FileKind {
  return kinds.find(([bit]) => has(mode, bit))?.[1] ?? 'file'
}

/** The permission bits as chmod(2) takes them. */
export function permissionsOf(mode: number): number {
  return special.reduce((bits, [bit, own]) => (has(mode, bit) ? bits | own : bits), mode % 0o1000)
}

/** Go's mode of what stat(2) tells. */
export function goMode({ mode }: { readonly mode: number }): number {
  const type = {
    0o040000: 2 ** 31,
    0o120000: 2 ** 27,
    0o010000: 2 ** 25,
    0o140000: 2 ** 24,
    0o060000: 2 ** 26,
    0o020000: 2 ** 26 + 2 ** 21,
  }
  const kind = (type as Readonly<Record<number, number>>)[mode & 0o170000] ?? 0
  return special.reduce((bits, [bit, own]) => ((mode & own) === 0 ? bits : bits + bit), kind + (mode & 0o777))
}
