import { chmodSync, chownSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { MountOptions } from '../dockerfile/model.ts'
import { forwardAgent } from './forward-agent.ts'
import { fileOwner, isOn, noMount, targetIn, type PreparedMount } from './mount-options.ts'
import type { Stage } from './stage.ts'

/** `RUN --mount=type=ssh`: a socket at which the client's agent answers while the step runs. `number` counts the step's mounts. */
export function sshMount(stage: Stage, options: MountOptions, number: number): PreparedMount {
  const id = options.get('id') || 'default'
  const target = targetIn(stage.config, options.get('target') || `/run/buildkit/ssh_agent.${number}`)
  const owner = fileOwner(options, 0o600)
  return {
    identity: ['ssh', id, target, owner],
    make: async () => {
      const open = await stage.solver.request.ssh?.(id)
      if (open === undefined) {
        if (!isOn(options, 'required')) return noMount
        throw new GalleyError('not found', `unset ssh forward key ${id}`, { subject: id, advice: `Give it with --ssh ${id}.` })
      }
      const socket = `${stage.solver.workspace.fresh()}/agent`
      const forwarding = await forwardAgent(socket, open)
      chownSync(socket, owner.uid, owner.gid)
      chmodSync(socket, owner.mode)
      return {
        bind: { Type: 'bind', Source: socket, Target: target, ReadOnly: true },
        stub: { path: target, isDirectory: false },
        // Plain, unlike a secret's: it only says where the socket is.
        env: [`SSH_AUTH_SOCK=${target}`],
        release: () => forwarding[Symbol.dispose](),
      }
    },
  }
}
