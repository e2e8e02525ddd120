import { connect } from 'node:net'
import { statSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { Credentials } from '#content/remote/credentials.ts'
import { packBranches } from '#content/layers/pack.ts'
import type { Client } from '#faces/buildkit/client.ts'
import type { LocalParts } from './asked.ts'
import { LocalBlobs } from './local-blobs.ts'
import { LocalFiles } from './local-files.ts'
import { TextFiles } from './text-files.ts'

export interface LocalClientParts {
  readonly local: LocalParts
  readonly archive: AsyncIterable<Buffer>
  readonly logins: ReadonlyMap<string, Credentials>
  readonly signal: AbortSignal
  /** Sends an output's bytes; resolves when they may be followed by more. */
  readonly send: (output: number, bytes: Buffer) => Promise<void>
}

/** A client on this machine: what it has is read where it lies. */
export function localClient({ local, archive, logins, signal, send }: LocalClientParts): Client {
  const takeFile: Client['takeFile'] = async (output, bytes) => {
    for await (const chunk of bytes) if (chunk.length > 0) await send(output, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
    await send(output, Buffer.alloc(0))
  }
  return {
    sharedKey: JSON.stringify(Object.values(local.directories).map(identityOf)),
    signal,
    files: (selection, aborted) => {
      const directory = own(local.directories, selection.directory)
      if (directory === undefined) throw new GalleyError('invalid', `no directory is called ${selection.directory}`)
      if (typeof directory !== 'string') return new TextFiles(directory.texts, selection)
      if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
        throw new GalleyError('not found', `the directory ${directory} is not there`, { subject: directory })
      return new LocalFiles(directory, selection, aborted)
    },
    upload: () => archive,
    credentials: (domain) => Promise.resolve(logins.get(domain)),
    secret: (id) => Promise.resolve(decoded(own(local.secrets, id))),
    agent: (id) => {
      const path = own(local.agents, id)
      return Promise.resolve(path === undefined ? undefined : async () => connect({ path, allowHalfOpen: true }))
    },
    blobs: (store) => {
      const directory = own(local.layouts, store)
      if (directory === undefined) throw new GalleyError('invalid', `no image layout is called ${store}`, { subject: store })
      return new LocalBlobs(directory, local.owner)
    },
    takeFile,
    takeDirectories: (output, branches, aborted) => takeFile(output, packBranches(branches, { fractions: true }), aborted),
  }
}

/** A path, and what is there now: another directory in its place may have files of the same sizes and times. */
function identityOf(directory: LocalParts['directories'][string]): string {
  const stat = typeof directory === 'string' ? statSync(directory, { throwIfNoEntry: false }) : undefined
  return stat === undefined || typeof directory !== 'string' ? '' : `${directory} ${stat.dev}:${stat.ino}`
}

function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function decoded(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'base64')
}
