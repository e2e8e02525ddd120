import { GalleyError } from '#base/error.ts'
import { numeric, type Records } from './tar-fields.ts'

/** A stretch of a sparse file that holds data; the rest are holes. */
export interface Segment {
  readonly offset: number
  readonly length: number
}

export interface SparseMap {
  readonly segments: readonly Segment[]
  /** Bytes of the file, holes included. */
  readonly size: number
}

/** A file in more pieces than this is an attack on memory. */
export const mostSegments = 1 << 20

/** The pieces announced in a PAX header of GNU tar's sparse format 0.0 or 0.1; undefined when there are none. */
export function sparseMapOf(extra: Records, packed: number): SparseMap | undefined {
  const map = extra.get('GNU.sparse.map')?.toString('latin1')
  if (map === undefined) return undefined
  return checked(pairs(map === '' ? [] : map.split(',').map(Number)), realSize(extra), packed)
}

/** Format 1.0 has its map at the beginning of the body: `count\n` and then two numbers a piece, filled up to a block. */
export function hasMapInBody(extra: Records): boolean {
  return extra.get('GNU.sparse.major')?.toString() === '1'
}

/** Lines of such a map, told by its first block. Throws `invalid`. */
export function linesOfMap(first: Buffer): number {
  const count = Number(/^(\d{1,7})\n/.exec(first.toString('latin1'))?.[1])
  if (!(count <= mostSegments)) throw damagedMap()
  return 1 + 2 * count
}

/** Reads such a map; `packed` is what the member's body has with it. */
export function mapInBody(bytes: Buffer, extra: Records, packed: number): SparseMap {
  const lines = bytes.toString('latin1').split('\n')
  return checked(pairs(lines.slice(1, linesOfMap(bytes)).map(Number)), realSize(extra), packed - bytes.length)
}

/** GNU tar's old form: pieces in the header itself (`at` 386, four) or in a block after it (`at` 0, twenty-one). */
export function oldPieces(header: Buffer, at: number, count: number): Segment[] {
  return Array.from({ length: count }, (_, index) => ({
    offset: numeric(header, at + index * 24, 12),
    length: numeric(header, at + index * 24 + 12, 12),
  })).filter(({ offset, length }) => offset > 0 || length > 0)
}

/** Pieces in order, none over another, all within the file, together as long as the body. Throws `invalid`. */
export function checked(segments: readonly Segment[], size: number, packed: number): SparseMap {
  let [end, total] = [0, 0]
  for (const { offset, length } of segments) {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || length < 0 || offset < end) throw damagedMap()
    end = offset + length
    total += length
  }
  if (!Number.isSafeInteger(size) || end > size || total !== packed) throw damagedMap()
  return { segments, size }
}

function pairs(numbers: readonly number[]): Segment[] {
  if (numbers.length % 2 !== 0) throw damagedMap()
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({
    offset: numbers[2 * index] ?? 0,
    length: numbers[2 * index + 1] ?? 0,
  }))
}

function realSize(extra: Records): number {
  return Number((extra.get('GNU.sparse.realsize') ?? extra.get('GNU.sparse.size'))?.toString('latin1'))
}

export function damagedMap(): GalleyError {
  return new GalleyError('invalid', 'damaged map of a sparse tar member', { code: 'tar.damaged' })
}
