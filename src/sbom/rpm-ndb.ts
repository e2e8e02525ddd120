/** Marks of the file, of the places in its table, and of what lies there (RPM, lib/backend/ndb/rpmpkg.c); numbers are little-endian. */
const marks = { file: 'RpmP', slot: 'Slot', blob: 'BlbS' }
const page = 4096
const slotSize = 16
const blobHead = 16
/** What offsets are counted in. */
const block = 16

/** The headers of packages in a database of RPM's own form. */
export function* headersInNdb(bytes: Buffer): Generator<Buffer> {
  if (bytes.length < 32 || bytes.toString('latin1', 0, 4) !== marks.file) return
  const end = Math.min(bytes.readUInt32LE(12) * page, bytes.length)
  // The file's own head takes the first two places.
  for (let at = 2 * slotSize; at + slotSize <= end; at += slotSize) {
    if (bytes.toString('latin1', at, at + 4) !== marks.slot || bytes.readUInt32LE(at + 4) === 0) continue
    const start = bytes.readUInt32LE(at + 8) * block
    if (start + blobHead > bytes.length || bytes.toString('latin1', start, start + 4) !== marks.blob) continue
    yield bytes.subarray(start + blobHead, start + blobHead + bytes.readUInt32LE(start + 12))
  }
}
