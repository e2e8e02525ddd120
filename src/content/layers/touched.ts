import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'

/** Entries that are named; of more, how many. */
const named = 5

/**
 * What has become of a layer's files since they were put into the store, for whoever has to find out why they don't give its archive any
 * more: entries by the time of their last change (ctime, which nobody can set back), and bytes. `home` is the layer's directory, whose
 * file `size` has the time at which its files were complete.
 */
export function touchedSince(home: string): string {
  const { mtimeMs } = statSync(`${home}/size`)
  const wanted = Number(readFileSync(`${home}/size`, 'utf8'))
  const found: Found = { touched: [], bytes: 0 }
  look(Buffer.from(`${home}/files`), mtimeMs, found)
  const { touched, bytes } = found
  const latest = touched.toSorted((a, b) => b.at - a.at).slice(0, named)
  const texts = latest.map(({ path, at }) => `${path.slice(`${home}/files/`.length)} at ${new Date(at).toISOString()}`)
  const more = touched.length > named ? `, and ${touched.length - named} more` : ''
  const entries = texts.length === 0 ? 'no entry was touched' : `touched: ${texts.join(', ')}${more}`
  return `since ${new Date(mtimeMs).toISOString()} ${entries}; ${bytes} bytes instead of ${wanted}`
}

interface Found {
  readonly touched: { readonly path: string; readonly at: number }[]
  bytes: number
}

function look(directory: Buffer, since: number, found: Found): void {
  for (const name of readdirSync(directory, 'buffer')) {
    const path = Buffer.concat([directory, Buffer.from('/'), name])
    const stat = lstatSync(path)
    if (stat.ctimeMs > since) found.touched.push({ path: path.toString(), at: stat.ctimeMs })
    if (stat.isFile()) found.bytes += stat.size
    if (stat.isDirectory()) look(path, since, found)
  }
}
