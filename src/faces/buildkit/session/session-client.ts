import type { Client } from '../client.ts'
import { agentFrom } from './agents.ts'
import { bytesIn } from './byte-stream.ts'
import { ContentStore } from './content-store.ts'
import { credentialsFrom } from './credentials.ts'
import { IncomingFiles } from './incoming-files.ts'
import { secretFrom } from './secrets.ts'
import { sendDirectories, sendFile } from './send.ts'
import type { Session } from './sessions.ts'

const pull = '/moby.upload.v1.Upload/Pull'

/** A client that is asked through its session. */
export function clientOf(session: Session): Client {
  return {
    sharedKey: session.sharedKey,
    signal: session.signal,
    files: (selection, signal) => new IncomingFiles(session, selection, signal),
    upload: ({ host, pathname }, signal) => bytesIn(session.caller.open(pull, { urlpath: pathname, urlhost: host }, signal)),
    credentials: (domain, signal) => credentialsFrom(session, domain, signal),
    secret: (id, signal) => secretFrom(session, id, signal),
    agent: (id, signal) => agentFrom(session, id, signal),
    blobs: (store, signal) => new ContentStore(session, store, signal),
    takeFile: (index, bytes, signal) => sendFile({ session, index, signal }, bytes),
    takeDirectories: (index, branches, signal) => sendDirectories({ session, index, signal }, branches),
  }
}
