import { kindOf } from '#base/error.ts'
import { getSecretRequest, getSecretResponse } from '../messages/session.ts'
import type { Session } from './sessions.ts'

const path = '/moby.buildkit.secrets.v1.Secrets/GetSecret'

/** The content of one of the client's secrets; undefined when it has none of this name (Secrets.GetSecret). */
export async function secretFrom(session: Session, id: string, signal: AbortSignal): Promise<Buffer | undefined> {
  if (!session.offers(path)) return undefined
  try {
    return (await session.caller.call({ path, signal }, [getSecretRequest, getSecretResponse], { id })).data
  } catch (error) {
    if (kindOf(error) === 'not found') return undefined
    throw error
  }
}
