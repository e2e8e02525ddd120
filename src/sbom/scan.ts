import { messageOf } from '#base/error.ts'
import { apk, dpkg, isSystemFile, systemOf } from './distribution.ts'
import { go } from './go.ts'
import { java } from './java.ts'
import type { Cataloguer, FoundPackage, Scan, ScannedFile, System } from './model.ts'
import { lockFiles, nodeModules, withoutInstalled } from './npm.ts'
import { python } from './python.ts'
import { rpm, rpmOfSuse, unreadRpm } from './rpm.ts'
import { rust } from './rust.ts'

const cataloguers: readonly Cataloguer[] = [dpkg, apk, rpm, rpmOfSuse, nodeModules, lockFiles, python, java, go, rust]

/** Bytes of a list of packages. */
const largest = 64 << 20

/** Finds the packages of a file system. Other tasks go on meanwhile; a file that can't be read is told of, and fails nothing. */
export async function scan(files: Iterable<ScannedFile>): Promise<Scan> {
  const packages: FoundPackage[] = []
  const leftOut: string[] = []
  let system: System | undefined
  let count = 0
  for (const file of files) {
    if (++count % 256 === 0) await new Promise(setImmediate)
    if (isSystemFile(file.path)) system ??= systemOf(file)
    const unread = unreadRpm(file)
    if (unread !== undefined) leftOut.push(`${file.path}: ${unread}`)
    for (const cataloguer of cataloguers) {
      if (!cataloguer.matches(file.path)) continue
      if (file.size > (cataloguer.largest ?? largest)) leftOut.push(`${file.path}: ${file.size} bytes are too many`)
      else packages.push(...(await tried(cataloguer, file, leftOut)))
    }
  }
  return { packages: withoutInstalled(packages), system, leftOut }
}

async function tried(cataloguer: Cataloguer, file: ScannedFile, leftOut: string[]): Promise<readonly FoundPackage[]> {
  try {
    return await cataloguer.packages(file)
  } catch (error) {
    leftOut.push(`${file.path}: ${messageOf(error)}`)
    return []
  }
}
