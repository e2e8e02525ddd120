import type { ScannedFile } from './model.ts'

/** A part of a program (ELF specification, Sections). */
export interface Section {
  readonly size: number
  read(): Buffer
}

/** Names of programs have no ending, or a version's number; those of libraries end so. Others need not be opened. */
const programNames = /(^|\/)[^./][^./]*$|(^|\/)s?bin\/[^/]+$|\.(so|node|exe|bin)(\.\d[\d.]*)?$/
const elsewhere = /^(usr\/share|usr\/include|etc|var\/lib\/dpkg|proc|sys)\//

/** Whether a file could be a program or a library, by its name. */
export function mayBeProgram(path: string): boolean {
  return programNames.test(path) && !elsewhere.test(path)
}

/** Of the table of sections, and of their names; no linker writes more. */
const mostSections = 4096
const largestNames = 1 << 20

/** The sections of a program by name; none when the file is no program of 64 bits. */
export function sectionsOf(file: ScannedFile): ReadonlyMap<string, Section> {
  const head = file.read(0, 64)
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2) return new Map()
  const numbers = head[5] === 2 ? bigEndian : littleEndian
  const [table, entrySize, count, namesAt] = [
    numbers.long(head, 40),
    numbers.short(head, 58),
    numbers.short(head, 60),
    numbers.short(head, 62),
  ]
  if (entrySize < 64 || count > mostSections || namesAt >= count) return new Map()
  const entries = file.read(table, count * entrySize)
  if (entries.length < count * entrySize) return new Map()
  const place = (index: number): { name: number; offset: number; size: number } => {
    const at = index * entrySize
    return { name: numbers.word(entries, at), offset: numbers.long(entries, at + 24), size: numbers.long(entries, at + 32) }
  }
  const names = place(namesAt)
  const text = file.read(names.offset, Math.min(names.size, largestNames)).toString('latin1')
  return new Map(
    Array.from({ length: count }, (_, index) => place(index)).map(({ name, offset, size }) => [
      text.slice(name, Math.max(name, text.indexOf('\0', name))),
      { size, read: () => file.read(offset, size) },
    ]),
  )
}

interface Numbers {
  short(bytes: Buffer, at: number): number
  word(bytes: Buffer, at: number): number
  /** Files are never so large that it isn't exact; a damaged one's number leads nowhere. */
  long(bytes: Buffer, at: number): number
}

const littleEndian: Numbers = {
  short: (bytes, at) => bytes.readUInt16LE(at),
  word: (bytes, at) => bytes.readUInt32LE(at),
  long: (bytes, at) => Number(bytes.readBigUInt64LE(at)),
}

const bigEndian: Numbers = {
  short: (bytes, at) => bytes.readUInt16BE(at),
  word: (bytes, at) => bytes.readUInt32BE(at),
  long: (bytes, at) => Number(bytes.readBigUInt64BE(at)),
}
