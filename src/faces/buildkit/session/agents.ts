import type { Duplex } from 'node:stream'
import { kindOf } from '#base/error.ts'
import { checkAgentRequest } from '../messages/session.ts'
import { duplexOf } from './byte-stream.ts'
import type { Session } from './sessions.ts'

const check = '/moby.sshforward.v1.SSH/CheckAgent'
const forward = '/moby.sshforward.v1.SSH/ForwardAgent'

/** Opens connections to one of the client's SSH agents; undefined when it has none of this name (SSH.CheckAgent, ForwardAgent). */
export async function agentFrom(session: Session, id: string, signal: AbortSignal): Promise<(() => Promise<Duplex>) | undefined> {
  if (!session.offers(forward)) return undefined
  try {
    await session.caller.call({ path: check, signal }, [checkAgentRequest, {}], { id })
  } catch (error) {
    // A client says so of an agent that it was not given, in words of its own.
    if (['not found', 'internal', 'invalid'].includes(kindOf(error))) return undefined
    throw error
  }
  return () => Promise.resolve(duplexOf(session.caller.open(forward, { 'buildkit.ssh.id': id }, signal)))
}
