import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { getRawPointer } from 'node:ffi'

/**
 * What positions, lengths and addresses of direct input and output are multiples of (bytes): open(2), `O_DIRECT`. Disks ask for 512 or
 * 4096; a file system that asks for more answers EINVAL.
 */
export const directBlock = 4096

/** Opens a file to be written past the page cache; undefined where its file system can't do that. */
export async function openDirect(path: string): Promise<FileHandle | undefined> {
  return await open(path, constants.O_WRONLY | constants.O_DIRECT).catch(() => undefined)
}

/** Memory of `size` bytes, not cleared, that direct input and output can use. */
export function directMemory(size: number): Buffer {
  const memory = Buffer.allocUnsafeSlow(size + directBlock)
  const beyond = Number(getRawPointer(memory) % BigInt(directBlock))
  return memory.subarray(directBlock - beyond, directBlock - beyond + size)
}

/** Gives what `directMemory` made back at once; nobody may look at it any more. */
export function freeDirectMemory({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
