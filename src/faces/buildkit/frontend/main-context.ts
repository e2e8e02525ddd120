import { posix } from 'node:path'
import { lowercaseDockerfile } from '#build/context/dockerfile-name.ts'
import { TarContext } from '#build/context/tar-context.ts'
import { remoteContext, type Remote } from '#build/context/remote-context.ts'
import type { ContextSource } from '#build/context/source.ts'
import { ClientContext } from '../session/client-context.ts'
import { readFile } from '../session/read-file.ts'
import { servicesOf, type Asked, type Prepared } from './request.ts'

const uploadHost = 'buildkit-session'

/** The context that `COPY` takes files from, and the Dockerfile, which may come from elsewhere. */
export function mainContext(
  asked: Asked,
  leases: DisposableStack,
): { context: ContextSource; dockerfile: string; definition: Prepared['definition'] } {
  const { options, client, kept, progress, signal } = asked
  const filename = options.get('filename') || 'Dockerfile'
  const dockerfile = posix.join('/', filename).slice(1)
  const address = options.get('context') ?? ''
  let text: string | undefined
  const definition = (): { name: string; text: string } | undefined => (text === undefined ? undefined : { name: filename, text })
  if (address.startsWith(`http://${uploadHost}/`)) {
    return {
      context: noting(new TarContext(client.upload(new URL(address), signal)), dockerfile, (read) => (text = read)),
      dockerfile,
      definition,
    }
  }
  const input = asked.inputs.get(options.get('contextkey') || 'context')
  if (address !== '' || input?.kind === 'files') {
    const source = input?.kind === 'files' ? input.context : remoteContext(address, remoteOf(asked))
    const key = options.get('dockerfilekey') ?? ''
    const whole = key === '' ? source : withDefinition(source, dockerfile, (path) => readFile(client, { directory: key, path }, signal))
    return { context: noting(whole, dockerfile, (read) => (text = read)), dockerfile, definition }
  }
  const directory = options.get('contextkey') || 'context'
  const definitionDirectory = options.get('dockerfilekey') || 'dockerfile'
  const shown = {
    definition: [`[internal] load build definition from ${posix.basename(filename)}`, `transferring ${definitionDirectory}:`],
    'ignore file': ['[internal] load .dockerignore', `transferring ${directory}:`],
    files: ['[internal] load build context', `transferring ${directory}:`],
  } as const
  const context = new ClientContext({
    client,
    kept,
    directory,
    definition: { directory: definitionDirectory, path: dockerfile },
    onBytes: (what, current, done) => progress.amount(shown[what][0], { name: shown[what][1], current, done }),
    leases,
  })
  return { context: noting(context, dockerfile, (read) => (text = read)), dockerfile, definition }
}

/** What a context from an address needs of the daemon and of its client. */
export function remoteOf({ builder, options, client, progress, signal }: Asked): Remote {
  const { transport, surroundings } = builder
  const keepsGitDirectory = ['1', 'true'].includes(options.get('build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '')
  const { secrets, ssh } = servicesOf(client, signal)
  return { transport, surroundings, secrets, ssh, warn: (text) => progress.onEvent({ type: 'warning', text }), keepsGitDirectory }
}

/** Takes the Dockerfile and its own ignore file from elsewhere. */
function withDefinition(source: ContextSource, dockerfile: string, read: (path: string) => Promise<Buffer | undefined>): ContextSource {
  return {
    async open(directory, signal) {
      const open = await source.open(directory, signal)
      return {
        ...open,
        read: async (path) =>
          [dockerfile, lowercaseDockerfile(dockerfile), `${dockerfile}.dockerignore`].includes(path)
            ? (await read(path))?.toString('utf8')
            : open.read(path),
      }
    },
  }
}

/** Remembers the Dockerfile's text as it is read: messages show where in it something is wrong. */
function noting(source: ContextSource, dockerfile: string, note: (text: string | undefined) => void): ContextSource {
  return {
    async open(directory, signal) {
      const open = await source.open(directory, signal)
      return {
        async read(path) {
          const text = await open.read(path)
          if (path === dockerfile || (path === lowercaseDockerfile(dockerfile) && text !== undefined)) note(text)
          return text
        },
        receive: (wanted) => open.receive(wanted),
        material: () => open.material?.(),
      }
    },
  }
}
