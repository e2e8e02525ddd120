import { fstatSync, readFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { openInRoot, type Opened } from '#host/files/open-in-root.ts'

export interface User {
  readonly uid: number
  readonly gid: number
  readonly additionalGids: number[]
  readonly home: string
}

const largest = 2 ** 31 - 1
/** Bytes; a hundred thousand users fit. */
const largestTable = 8 << 20

/**
 * Reads `user[:group]` against the container's own /etc/passwd and /etc/group. Throws `invalid` with Docker's wording;
 * numbers beyond 2³¹-1 are refused, as they overflowed to root elsewhere (CVE-2024-40635).
 */
export function resolveUser(rootfs: string, text: string, groupAdd: readonly string[]): User {
  const [, name = '', group = ''] = /^([^:]*):?(.*)$/s.exec(text) ?? []
  for (const word of [name, group]) if (/^-\d+$/.test(word)) number(word)
  const users = table(rootfs, '/etc/passwd')
  const groups = table(rootfs, '/etc/group')
  const row =
    users.find((fields) => fields[0] === name) ??
    (isNumber(name) || name === '' ? users.find((fields) => fields[2] === (name || '0')) : undefined)
  if (row === undefined && name !== '' && !isNumber(name))
    throw new GalleyError('invalid', `unable to find user ${name}: no matching entries in passwd file`, {
      advice: 'Make the user in the Dockerfile (RUN useradd NAME), or write its number, which needs none (user: "1000").',
    })
  const gidOf = (wanted: string): number => {
    const found = groups.find((fields) => fields[0] === wanted)?.[2] ?? (isNumber(wanted) ? wanted : undefined)
    if (found === undefined) throw new GalleyError('invalid', `unable to find group ${wanted}: no matching entries in group file`)
    return number(found)
  }
  const own = row?.[0]
  const memberships =
    group === '' && own !== undefined
      ? groups.filter((fields) => fields[3]?.split(',').includes(own)).map((fields) => number(fields[2]))
      : []
  const primary = group === '' ? number(row?.[3] ?? '0') : gidOf(group)
  // The primary group is among the others too, so that giving it up does not open files to `other` (CVE-2022-36109).
  return {
    uid: number(row?.[2] ?? (name || '0')),
    gid: primary,
    additionalGids: [...new Set([primary, ...memberships, ...groupAdd.map(gidOf)])],
    home: row?.[5] || '/',
  }
}

function table(rootfs: string, path: string): string[][] {
  return contents(rootfs, path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))
}

/** The image decides what lies there: a link out of it, a pipe that never ends or a giant must harm nobody. */
function contents(rootfs: string, path: string): string {
  using root = OpenDirectory.at(rootfs)
  using place = findUnlessMissing(root, path)
  // A pipe or device is not even opened: that alone can wait, or wind a watchdog of the host up.
  if (place === undefined || !fstatSync(place.fd).isFile()) return ''
  if (fstatSync(place.fd).size > largestTable)
    throw new GalleyError('too large', `${path} of the container is larger than ${largestTable} bytes`, { subject: path })
  return readFileSync(place.path, 'utf8')
}

function findUnlessMissing(root: OpenDirectory, path: string): Opened | undefined {
  try {
    return openInRoot(root, path)
  } catch {
    return undefined
  }
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}

function number(text: string | undefined): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > largest)
    throw new GalleyError('invalid', `uids and gids must be in range 0-${largest}`)
  return value
}
