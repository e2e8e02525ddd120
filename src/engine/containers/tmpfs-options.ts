import { GalleyError } from '#base/error.ts'
import type { MountRequest } from './model.ts'

const flags = new Set(
  'ro rw exec noexec suid nosuid dev nodev sync async dirsync remount atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime bind rbind private rprivate shared rshared slave rslave unbindable runbindable'.split(
    ' ',
  ),
)
const values = new Set(['mode', 'uid', 'gid', 'size', 'nr_blocks', 'nr_inodes', 'mpol'])

/** Mount options of a tmpfs, separated by commas: those of `--tmpfs`, or those of a mount. Throws `invalid`. */
export function tmpfsOptions(text: string, wishes: MountRequest['TmpfsOptions'] = {}): string {
  const given = [...text.split(','), ...(wishes.Options ?? []).map((pair) => pair.join('='))].filter((option) => option !== '')
  for (const option of given) {
    const [name = '', value] = option.split(/=(.*)/s)
    if (!(value === undefined ? flags : values).has(name))
      throw new GalleyError('invalid', `invalid tmpfs option "${option}"`, { subject: option })
  }
  const sized = (wishes.SizeBytes ?? 0) > 0 ? [`size=${wishes.SizeBytes}`] : []
  const moded = (wishes.Mode ?? 0) > 0 ? [`mode=${(wishes.Mode ?? 0).toString(8)}`] : []
  return [...given, ...sized, ...moded].join(',')
}
