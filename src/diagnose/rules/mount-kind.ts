import { readdirSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Mount, Service } from '#compose/model/model.ts'
import { failedServices, type ServiceFacts } from '../facts.ts'
import type { Ground } from '../ground.ts'
import type { Found, Rule } from '../rule.ts'
import { place, wrote } from '../words.ts'

/** A directory over a file of the image, or a file over a directory: the kernel refuses both. */
export const mountKind: Rule = {
  id: 'mount-of-other-kind',
  title: {
    en: 'a directory is mounted over a file, or a file over a directory',
    ko: '파일 자리에 디렉터리를, 또는 디렉터리 자리에 파일을 마운트합니다',
  },
  severity: 'error',
  inspect: (service, ground) => service.mounts.flatMap((mount) => explain(service, mount, ground)),
  find: ({ services, failures, groundOf }) => [
    ...failedServices({ services }).flatMap(inItsPlace),
    ...failures.flatMap(({ service, step, message }) => {
      const ground = service && groundOf(service)
      if (service === undefined || ground === undefined || step !== 'container.start' || !/not a directory|is a directory/i.test(message))
        return []
      return service.mounts.flatMap((mount) => explain(service, mount, ground))
    }),
  ],
}

function explain({ name }: Service, { type, source, target, createSource, at }: Mount, ground: Ground): Found[] {
  const there = type === 'bind' ? ground.under(target)?.kind : undefined
  const here = kindOf(source)
  if (there !== 'file' && there !== 'directory') return []
  // A missing source is made, as a directory.
  const comes = here ?? (createSource ? 'directory' : undefined)
  if (comes === undefined || comes === there) return []
  const made = here === undefined
  return [
    {
      service: name,
      evidence: [
        made
          ? {
              en: `${place(at)}${source} does not exist; a directory is made in its place`,
              ko: `${place(at)}${source} 경로가 없어서 빈 디렉터리를 만듭니다`,
            }
          : { en: `${place(at)}${source} is a ${comes}`, ko: `${place(at)}${source} 경로는 ${korean[comes]}입니다` },
        {
          en: `${target} of the image ${ground.image} is a ${there}`,
          ko: `${ground.image} 이미지의 ${target} 경로는 ${korean[there]}입니다`,
        },
      ],
      cause: {
        en: `Only a file can be mounted over a file, and only a directory over a directory.${
          comes === 'directory'
            ? ' Where a file that was to be mounted did not exist once, a directory of its name was made, and stays.'
            : ''
        }`,
        ko: `파일 자리에는 파일만, 디렉터리 자리에는 디렉터리만 마운트할 수 있습니다.${
          comes === 'directory' ? ' 마운트할 파일이 없으면 그 이름의 디렉터리가 만들어지고, 그대로 남아 있습니다.' : ''
        }`,
      },
      fix: {
        text: made
          ? { en: 'Put the file there, or correct the path.', ko: '그 자리에 파일을 두거나, 경로를 고치세요.' }
          : comes === 'directory'
            ? {
                en: `Remove the directory if it is empty (rmdir ${source}) and put the file there, or correct the path.`,
                ko: `빈 디렉터리라면 지우고(rmdir ${source}) 그 자리에 파일을 두거나, 경로를 고치세요.`,
              }
            : {
                en: 'Mount its directory, or name the file inside the container too.',
                ko: '디렉터리를 마운트하거나, 컨테이너 쪽 경로에도 파일 이름까지 적으세요.',
              },
      },
    },
  ]
}

/** Endings of what is a file, and hardly ever a directory. */
const fileLike =
  /\.(?:jar|war|conf|cnf|cfg|ini|json|ya?ml|toml|xml|properties|env|sh|sql|py|js|mjs|cjs|ts|rb|php|html?|css|txt|crt|cer|pem|key)$/i

/** A program that complains of a file where an empty directory is mounted: the file was missing when the container was made. */
function inItsPlace({ service, container, log }: ServiceFacts): Found[] {
  return service.mounts.flatMap(({ type, source, target, at }) => {
    const name = basename(target)
    const line = log.findLast((text) => text.includes(name) || /\bis a directory/i.test(text))
    if (type !== 'bind' || line === undefined || !fileLike.test(name) || !isEmptyDirectory(source)) return []
    return [
      {
        service: service.name,
        evidence: [
          {
            en: `${place(at)}${source} is an empty directory, and is mounted at ${target}`,
            ko: `${place(at)}${source} 경로는 빈 디렉터리이고, ${target}에 마운트되어 있습니다`,
          },
          wrote(container, line),
        ],
        cause: {
          en: `The program wants a file there. Where a file that is to be mounted does not exist, an empty directory of its name is made, and stays.`,
          ko: '프로그램은 그 자리에 파일이 있어야 합니다. 마운트할 파일이 없으면 그 이름의 빈 디렉터리가 만들어지고, 그대로 남아 있습니다.',
        },
        fix: {
          text: {
            en: `Remove the directory (rmdir ${source}) and put the file there, by building it where something builds it, or correct the path.`,
            ko: `디렉터리를 지우고(rmdir ${source}) 그 자리에 파일을 두거나(빌드해서 나오는 파일이면 먼저 빌드하고), 경로를 고치세요.`,
          },
        },
      },
    ]
  })
}

function isEmptyDirectory(path: string): boolean {
  try {
    return readdirSync(path).length === 0
  } catch {
    return false
  }
}

const korean = { file: '파일', directory: '디렉터리' } as const

function kindOf(path: string): 'file' | 'directory' | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  return stat.isDirectory() ? 'directory' : 'file'
}
