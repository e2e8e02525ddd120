import { closeSync, constants, openSync, readdirSync, type Dirent } from 'node:fs'

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants

/**
 * An open directory whose entries are named through its descriptor, as openat(2) does: whoever renames or replaces what
 * lies above it meanwhile leads nobody elsewhere. Names are kept as latin1 text, byte for byte, since a file's name need
 * not be UTF-8.
 */
export class OpenDirectory implements Disposable {
  readonly fd: number

  /** Takes over the descriptor. */
  constructor(fd: number) {
    this.fd = fd
  }

  /** Opens a directory by path; its last part must not be a link. */
  static at(path: string | Buffer): OpenDirectory {
    return new OpenDirectory(openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
  }

  /** Opens a directory in this one. */
  open(name: string): OpenDirectory {
    return OpenDirectory.at(this.path(name))
  }

  /** A path for system calls that don't follow its last part. */
  path(name: string): Buffer {
    return Buffer.from(`/proc/self/fd/${this.fd}/${name}`, 'latin1')
  }

  /** The entries' names in the order of their bytes. */
  names(): string[] {
    return readdirSync(`/proc/self/fd/${this.fd}/`, 'latin1').toSorted()
  }

  /** The entries with their types, in the same order; names are latin1 text. */
  entries(): Dirent[] {
    return readdirSync(`/proc/self/fd/${this.fd}/`, { encoding: 'latin1', withFileTypes: true }).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}
