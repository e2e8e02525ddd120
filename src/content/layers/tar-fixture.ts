import { padding, tarEnd, tarHeader, type Member } from './header.ts'

export type Given = Partial<Omit<Member, 'size'>> & { readonly path: string; readonly body?: string | Buffer }

/** The bytes of an archive, for tests: members are files of root's unless they say otherwise. */
export function tarBytes(...members: readonly (Given | Buffer)[]): Buffer {
  return Buffer.concat([...members.map((member) => (Buffer.isBuffer(member) ? member : memberBytes(member))), tarEnd])
}

export function memberBytes({ body = '', ...given }: Given): Buffer {
  const bytes = Buffer.from(body as string)
  const plain: Member = {
    type: 'file',
    target: '',
    mode: given.type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size: bytes.length,
    mtime: 1_700_000_000,
    major: 0,
    minor: 0,
    path: given.path,
  }
  return Buffer.concat([tarHeader({ ...plain, ...given }), bytes, padding(bytes.length)])
}

/** A PAX header with these records, for the member that follows; what they say need not be true. */
export function paxBytes(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`)
    const length = rest + String(rest + String(rest).length).length
    return `${length} ${key}=${value}\n`
  })
  const member = memberBytes({ path: 'PaxHeaders/x', body: lines.join('') })
  return withTypeFlag(member, 'x')
}

/** The same header under another type. */
export function withTypeFlag(member: Buffer, flag: string): Buffer {
  const changed = Buffer.from(member)
  changed.write(flag, 156, 'latin1')
  changed.fill(' ', 148, 156)
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return changed
}
