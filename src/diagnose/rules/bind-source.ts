import type { Position, Project, Service } from '#compose/model/model.ts'
import type { Failure } from '../facts.ts'
import type { Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A bind whose source isn't there, where it must not be made; or a file that is copied into a container or given to a build, as some secrets are. */
export const bindSource: Rule = {
  id: 'bind-source-missing',
  title: { en: 'a mounted path does not exist', ko: '마운트할 경로가 없습니다' },
  severity: 'error',
  find: ({ failures, project }) =>
    failures.flatMap((failure) => {
      const { service } = failure
      const missing = missingSource(failure, project)
      if (service === undefined || missing === undefined) return []
      const { path, file } = missing
      const at = place(file?.at ?? service.mounts.find(({ source }) => source === path)?.at)
      return [
        {
          service: service.name,
          evidence: [{ en: `${at}${path} does not exist`, ko: `${at}${path} 경로가 없습니다` }],
          cause: {
            en: `The service ${service.name} ${file === undefined ? 'mounts' : `gets the ${file.kind} ${file.key} from`} ${path}, which is not there.`,
            ko: `${service.name} 서비스${file === undefined ? '가 마운트하는' : `에 주는 ${file.kind} ${file.key}의`} ${path} 경로가 이 컴퓨터에 없습니다.`,
          },
          fix: { text: { en: `Create ${path}, or correct the path.`, ko: `${path} 경로를 만들거나, 적힌 경로를 고치세요.` } },
        },
      ]
    }),
}

/** A path on the host that a step needed and did not find, and the secret or config that comes from there. */
export function missingSource({ service, message }: Failure, project: Project): MissingSource | undefined {
  if (service === undefined) return undefined
  const bound = /bind source path does not exist: (.*)$/m.exec(message)?.[1]
  const path = bound ?? /(\/.*) can't be read: no such file or directory$/m.exec(message)?.[1]
  const file = path === undefined ? undefined : fileObjectAt(path, service, project)
  return path === undefined || (bound === undefined && file === undefined) ? undefined : { path, file }
}

interface MissingSource {
  readonly path: string
  readonly file: GivenFile | undefined
}

interface GivenFile {
  readonly kind: string
  readonly key: string
  readonly at: Position
}

/** The secret or config of a service whose content is to come from a path. */
function fileObjectAt(path: string, { secrets = [], configs = [], build }: Service, project: Project): GivenFile | undefined {
  const all = [
    ...[...secrets, ...(build?.secrets ?? [])].map(({ source: key }) => ({ kind: 'secret', key, object: project.secrets?.[key] })),
    ...configs.map(({ source: key }) => ({ kind: 'config', key, object: project.configs?.[key] })),
  ]
  const found = all.find(({ object }) => object?.source.from === 'file' && object.source.path === path)
  return found?.object === undefined ? undefined : { kind: found.kind, key: found.key, at: found.object.at }
}
