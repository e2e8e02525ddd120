import { RegistryError } from './error.ts'

/** The whole body, at most `most` bytes. Throws `too large`. */
export async function readBody(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > most) throw new RegistryError('too large', `the registry's answer is larger than ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export async function readText(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  return (await readBody(body, most)).toString('utf8')
}

/** The first bytes of a body, whose rest is thrown away: for errors, which may be pages of proxies. */
export async function readStart(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= most) break
    }
  } catch {
    // What came is enough.
  }
  return Buffer.concat(chunks).toString('utf8')
}
