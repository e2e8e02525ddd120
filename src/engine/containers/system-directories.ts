import { lstatSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { OpenDirectory } from '#host/files/directory.ts'

/**
 * Throws `invalid` for an image with a link in place of a directory that the kernel's file systems are mounted on. crun refuses it
 * too; runc 1.1 makes the links of /dev where such a link leads, on the host.
 */
export function checkSystemDirectories(root: OpenDirectory): void {
  for (const name of ['dev', 'proc', 'sys']) {
    if (lstatSync(root.path(name), { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw new GalleyError('invalid', `the image has a symbolic link in place of the directory /${name}`, {
        code: 'container.linked-system-directory',
        subject: `/${name}`,
      })
  }
}
