import type { Service } from '#compose/model/model.ts'
import { failedServices, type Facts, type ServiceFacts } from '../facts.ts'
import type { Words } from '../finding.ts'
import { mountOver } from '../ground.ts'
import type { Found, Rule } from '../rule.ts'
import { place, wrote } from '../words.ts'

const denied = /permission denied|EACCES/i
const readOnly = /read-only file system|EROFS/i

/** A program that may not write where it wants to: as its user, or because the place is read-only. */
export const notWritable: Rule = {
  id: 'file-not-writable',
  title: { en: 'the program may not write there', ko: '프로그램이 그 위치에 쓸 수 없습니다' },
  severity: 'error',
  find: (facts) => failedServices(facts).flatMap((failed) => explain(failed, facts)),
}

function explain(failed: ServiceFacts, facts: Facts): Found[] {
  const { service, container, log } = failed
  // What can't be started is another rule's.
  const line = log.findLast((text) => (denied.test(text) || readOnly.test(text)) && /[\s'"`(:]\/[\w.]/.test(text))
  const [path] = /(?<=[\s'"`(:])\/[\w./@+-]*[\w@+-]/.exec(line ?? '') ?? []
  if (line === undefined || path === undefined || failed.exitCode === 126) return []
  const told = readOnly.test(line) ? readOnlyPlace(service, path) : deniedPlace(failed, path, facts)
  return told === undefined
    ? []
    : [{ service: service.name, evidence: [wrote(container, line), ...told.evidence], cause: told.cause, fix: { text: told.fix } }]
}

interface Told {
  readonly evidence: readonly Words[]
  readonly cause: Words
  readonly fix: Words
}

function readOnlyPlace(service: Service, path: string): Told {
  const mount = mountOver(service.mounts, path)
  if (mount?.readOnly === true)
    return {
      evidence: [
        {
          en: `${place(mount.at)}${mount.target} is mounted read-only`,
          ko: `${place(mount.at)}${mount.target} 경로가 읽기 전용으로 마운트되어 있습니다`,
        },
      ],
      cause: { en: `${path} is on a mount that the file makes read-only (ro).`, ko: `${path} 경로는 읽기 전용(ro) 마운트 안에 있습니다.` },
      fix: {
        en: 'Take ro (read_only) off the mount, or let the program write elsewhere.',
        ko: '마운트에서 ro(read_only)를 빼거나, 다른 곳에 쓰게 하세요.',
      },
    }
  const example = directoryOf(path) === '/' ? '' : ` (tmpfs: ["${directoryOf(path)}"])`
  const whole = service.options.hostConfig['ReadonlyRootfs'] === true
  return {
    evidence: whole
      ? [{ en: `${place(service.at)}the service is read_only`, ko: `${place(service.at)}서비스에 read_only 설정이 있습니다` }]
      : [],
    cause: { en: `${path} is on a file system that is read-only.`, ko: `${path} 경로가 있는 파일 시스템이 읽기 전용입니다.` },
    fix: {
      en: `Let it write to a directory on which something is mounted: a volume for data that stay, tmpfs for what need not${example}.`,
      ko: `쓸 수 있는 것을 마운트한 디렉터리에 쓰게 하세요. 남겨야 할 데이터는 볼륨에, 아니면 tmpfs에 둡니다${example}.`,
    },
  }
}

function deniedPlace({ service, image }: ServiceFacts, path: string, { groundOf }: Facts): Told | undefined {
  const ground = groundOf(service, image)
  const user = service.user ?? ground?.config.User ?? ''
  if (user === '' || /^(0|root)(:|$)/.test(user)) return undefined
  const mount = mountOver(service.mounts, path)
  const at = place(mount?.at ?? service.at)
  const isNew = mount?.type === 'volume' && ground?.under(mount.target) === undefined
  return {
    evidence: [
      { en: `${at}the program runs as user ${user}`, ko: `${at}프로그램이 ${user} 사용자로 실행됩니다` },
      ...(isNew
        ? [
            {
              en: `the image has no ${mount.target}, so that the new volume there belongs to root`,
              ko: `이미지에 ${mount.target} 경로가 없어서, 새로 만든 볼륨은 root 소유입니다`,
            },
          ]
        : []),
    ],
    cause: {
      en: `User ${user} may not write ${path}${mount === undefined ? '' : `, which is on the ${mount.type === 'bind' ? `directory ${mount.source} of this machine` : 'volume'} at ${mount.target}`}.`,
      ko: `${user} 사용자에게 ${path} 경로에 쓸 권한이 없습니다${mount === undefined ? '' : `(${mount.target} 위치의 ${mount.type === 'bind' ? `이 컴퓨터의 ${mount.source} 디렉터리` : '볼륨'})`}.`,
    },
    fix:
      mount?.type === 'bind'
        ? {
            en: `Give it to that user on this machine: chown -R ${user} ${mount.source}`,
            ko: `이 컴퓨터에서 소유자를 바꾸세요: chown -R ${user} ${mount.source}`,
          }
        : {
            en: `Make the directory in the image, with its owner: RUN mkdir -p ${directoryOf(path)} && chown ${user} ${directoryOf(path)} (before USER). A volume that is new takes over both; an old one must be removed first.`,
            ko: `이미지에서 디렉터리를 만들고 소유자를 정하세요(USER 앞에): RUN mkdir -p ${directoryOf(path)} && chown ${user} ${directoryOf(path)}. 새 볼륨은 그대로 물려받지만, 이미 있는 볼륨은 먼저 지워야 합니다.`,
          },
  }
}

function directoryOf(path: string): string {
  return path.replace(/\/[^/]*$/, '') || '/'
}
