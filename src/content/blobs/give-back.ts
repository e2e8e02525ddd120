/**
 * Gives the memory of a chunk back that has a buffer to itself; nobody may look at it any more. Left to the collector, chunks of 64 KiB
 * would make it look through all memory again and again (a fifth of a push's processor time), and each would lie where no cache of the
 * processor knows it.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
