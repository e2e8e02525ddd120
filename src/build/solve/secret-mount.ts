import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { GalleyError } from '#base/error.ts'
import type { MountOptions } from '../dockerfile/model.ts'
import { fileOwner, isOn, noMount, targetIn, type PreparedMount } from './mount-options.ts'
import type { Stage } from './stage.ts'

/** Bytes of one secret, as in BuildKit. */
const longest = 500 * 1024

/**
 * `RUN --mount=type=secret`: a file, or with `env` a variable, that the client has. It lies in memory while the step runs, and is
 * part of no layer, no key, no history and no record. One that the client lacks is left out unless it is required.
 */
export function secretMount(stage: Stage, options: MountOptions): PreparedMount {
  const variable = options.get('env')
  const named = options.get('id') ?? posix.basename(options.get('target') ?? '')
  const id = named === '' ? (variable ?? '') : named
  if (id === '') throw new GalleyError('invalid', 'invalid secret mount: one of source, target required')
  const asFile = variable === undefined || options.has('target')
  const target = asFile ? targetIn(stage.config, options.get('target') ?? `/run/secrets/${id}`) : undefined
  const owner = fileOwner(options, 0o400)
  return {
    identity: ['secret', id, target ?? '', variable ?? '', owner],
    make: async () => {
      const secret = await stage.solver.request.secrets?.(id)
      if (secret === undefined) {
        if (!isOn(options, 'required')) return noMount
        throw new GalleyError('not found', `secret ${id}: not found`, { subject: id, advice: `Give it with --secret id=${id},src=….` })
      }
      if (secret.length > longest) throw new GalleyError('too large', `invalid secret size ${secret.length}`, { subject: id })
      return {
        ...noMount,
        ...(variable !== undefined && { env: [`${variable}=${Buffer.from(secret).toString('utf8')}`] }),
        ...(target !== undefined && {
          bind: { Type: 'bind', Source: fileOf(stage, secret, owner), Target: target, ReadOnly: true },
          stub: { path: target, isDirectory: false },
        }),
      }
    },
  }
}

function fileOf({ solver }: Stage, secret: Uint8Array, { mode, uid, gid }: ReturnType<typeof fileOwner>): string {
  const file = solver.workspace.secretFile()
  writeFileSync(file, secret, { mode: 0o400 })
  chownSync(file, uid, gid)
  chmodSync(file, mode)
  return file
}
