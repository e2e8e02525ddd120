import { posix } from 'node:path'
import { TarContext } from '#build/context/tar-context.ts'
import type { ContextSource } from '#build/context/source.ts'
import { ClientContext } from '../session/client-context.ts'
import { bytesIn } from '../session/byte-stream.ts'
import { unsupported } from './options.ts'
import type { Asked, Prepared } from './request.ts'

const uploadHost = 'buildkit-session'
const pull = '/moby.upload.v1.Upload/Pull'

/** The context that `COPY` takes files from, and the Dockerfile, which may come from elsewhere. */
export function mainContext(
  { options, session, kept, progress, signal }: Asked,
  leases: DisposableStack,
): { context: ContextSource; dockerfile: string; definition: Prepared['definition'] } {
  const filename = options.get('filename') || 'Dockerfile'
  const dockerfile = posix.join('/', filename).slice(1)
  const address = options.get('context') ?? ''
  let text: string | undefined
  const definition = (): { name: string; text: string } | undefined => (text === undefined ? undefined : { name: filename, text })
  if (address.startsWith(`http://${uploadHost}/`)) {
    const { host, pathname } = new URL(address)
    const call = session.caller.open(pull, { urlpath: pathname, urlhost: host }, signal)
    return { context: noting(new TarContext(bytesIn(call)), dockerfile, (read) => (text = read)), dockerfile, definition }
  }
  if (address !== '') throw unsupported(`the remote context ${address}`)
  const directory = options.get('contextkey') || 'context'
  const definitionDirectory = options.get('dockerfilekey') || 'dockerfile'
  const shown = {
    definition: [`[internal] load build definition from ${posix.basename(filename)}`, `transferring ${definitionDirectory}:`],
    'ignore file': ['[internal] load .dockerignore', `transferring ${directory}:`],
    files: ['[internal] load build context', `transferring ${directory}:`],
  } as const
  const context = new ClientContext({
    session,
    kept,
    directory,
    definition: { directory: definitionDirectory, path: dockerfile },
    onBytes: (what, current, done) => progress.amount(shown[what][0], { name: shown[what][1], current, done }),
    leases,
  })
  return { context: noting(context, dockerfile, (read) => (text = read)), dockerfile, definition }
}

/** Remembers the Dockerfile's text as it is read: messages show where in it something is wrong. */
function noting(source: ContextSource, dockerfile: string, note: (text: string | undefined) => void): ContextSource {
  return {
    async open(directory, signal) {
      const open = await source.open(directory, signal)
      return {
        async read(path) {
          const text = await open.read(path)
          if (path === dockerfile) note(text)
          return text
        },
        receive: (wanted) => open.receive(wanted),
      }
    },
  }
}
