import type { FileHandle } from 'node:fs/promises'

/** Writes all of the bytes at a position: of a disk that is nearly full, the kernel takes a part without an error, which only the next write gets. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
