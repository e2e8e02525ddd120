/** Bytes that are in memory, as a blob's content that arrives in one piece. */
export async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
