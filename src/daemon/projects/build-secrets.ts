import { statSync } from 'node:fs'
import { connect } from 'node:net'
import { GalleyError } from '#base/error.ts'
import type { AgentOpener } from '#build/request.ts'
import type { WantedImage } from '#compose/apply/world.ts'
import type { Build } from '#compose/model/model.ts'
import { contentOf } from './place-files.ts'

/** The content of a secret of a Compose build; undefined where there is none. Throws `not found` for a file that can't be read. */
export function secretOf(file: WantedImage['files'][string] | undefined): Uint8Array | undefined {
  return file === undefined ? undefined : contentOf(file)
}

/** The SSH agent of a Compose build that is called so; undefined where there is none. Throws `not found`, and `not implemented` for a key in a file. */
export function agentOf({ ssh = {} }: Build, id: string): AgentOpener | undefined {
  const path = Object.hasOwn(ssh, id) ? ssh[id] : undefined
  if (path === undefined) return undefined
  if (path === null || statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new GalleyError(
      'not found',
      path === null ? 'there is no SSH agent: SSH_AUTH_SOCK is not set' : `the SSH agent ${path} is not there`,
      {
        subject: id,
        advice: 'Start one: eval $(ssh-agent); ssh-add.',
      },
    )
  if (statSync(path).isSocket()) return async () => connect({ path, allowHalfOpen: true })
  throw new GalleyError('not implemented', `build.ssh: keys in files are not implemented by Galley, ${path} is no socket`, {
    subject: path,
    advice: 'Give it to an agent: eval $(ssh-agent); ssh-add FILE.',
  })
}
