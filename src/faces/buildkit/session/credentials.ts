import type { Credentials } from '#content/remote/credentials.ts'
import { credentialsRequest, credentialsResponse } from '../messages/session.ts'
import type { Session } from './sessions.ts'

const path = '/moby.filesync.v1.Auth/Credentials'

/** Docker Hub as `docker login` keeps it. */
const hub = 'registry-1.docker.io'

/** What the client is known by at a registry; undefined when it has nothing for it (Auth.Credentials). */
export async function credentialsFrom(session: Session, domain: string, signal: AbortSignal): Promise<Credentials | undefined> {
  if (!session.offers(path)) return undefined
  const host = domain === 'docker.io' ? hub : domain
  const { username, secret } = await session.caller.call({ path, signal }, [credentialsRequest, credentialsResponse], { host })
  if (secret === '') return undefined
  return username === '' ? { type: 'identity', token: secret } : { type: 'password', username, password: secret }
}
