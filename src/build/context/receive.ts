import { GalleyError } from '#base/error.ts'
import { TarDecoder } from '#content/layers/decode.ts'
import { decompressed } from '#content/layers/decompress.ts'
import { Arrival } from './arrival.ts'

/** Bytes of an unpacked context. */
const mostBytes = 64 * 2 ** 30

/**
 * Takes a build context (a tar, plain, gzip or zstd) in. What must be on the disk is put into the empty `directory`; small files
 * wait in memory until they are needed there. Nothing is written outside, whatever the archive says. Throws `invalid`, `too large`,
 * `not implemented`, and the signal's reason when that is aborted, also while files are put down later.
 */
export async function receiveTar(source: AsyncIterable<Uint8Array>, directory: string, signal?: AbortSignal): Promise<Arrival> {
  const arrival = new Arrival(directory, signal)
  try {
    const decoder = new TarDecoder(arrival)
    let bytes = 0
    for await (const chunk of await decompressed(source)) {
      signal?.throwIfAborted()
      bytes += chunk.length
      if (bytes > mostBytes) throw new GalleyError('too large', `the build context is larger than ${mostBytes} bytes`)
      decoder.write(chunk)
    }
    decoder.finish()
    arrival.finish()
    return arrival
  } finally {
    arrival.close()
  }
}
