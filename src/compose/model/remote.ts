import { dirname, resolve } from 'node:path'

/** Where Compose files from elsewhere lie here, by the reference that a command or a file has for them; absolute. */
export type RemoteFiles = ReadonlyMap<string, string>

/** A project can't be read before a file from elsewhere is here: whoever reads it fetches that, and reads again. */
export class RemoteWanted extends Error {
  readonly reference: string

  constructor(reference: string) {
    super(reference)
    this.reference = reference
  }
}

/** Whether a path of a Compose file is one in a registry (`oci://`) or in a git repository, as Docker Compose tells them. */
export function isRemote(path: string): boolean {
  return /^(?:oci:\/\/|git:\/\/|ssh:\/\/|file:\/\/|git@|github\.com\/)/.test(path) || /^https?:\/\/[^?#]*\.git\/?(?:[?#]|$)/.test(path)
}

/** Where a file lies that a command or a file names: below `directory`, if it is not from elsewhere. Throws `RemoteWanted`. */
export function placeOf(path: string, directory: string, remotes: RemoteFiles = new Map()): string {
  if (!isRemote(path)) return resolve(directory, path)
  const file = remotes.get(path)
  if (file === undefined) throw new RemoteWanted(path)
  return file
}

/** The directory of a project's first file; undefined for standard input. Throws `RemoteWanted`. */
export function directoryOf(file: string, directory: string, remotes?: RemoteFiles): string | undefined {
  return file === '-' ? undefined : dirname(placeOf(file, directory, remotes))
}
