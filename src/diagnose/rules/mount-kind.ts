import { statSync } from 'node:fs'
import type { Mount, Service } from '#compose/model/model.ts'
import type { Ground } from '../ground.ts'
import type { Found, Rule } from '../rule.ts'
import { place } from '../words.ts'

/** A directory over a file of the image, or a file over a directory: the kernel refuses both. */
export const mountKind: Rule = {
  id: 'mount-of-other-kind',
  title: {
    en: 'a directory is mounted over a file, or a file over a directory',
    ko: '파일 자리에 디렉터리를, 또는 디렉터리 자리에 파일을 마운트합니다',
  },
  severity: 'error',
  inspect: (service, ground) => service.mounts.flatMap((mount) => explain(service, mount, ground)),
  find: ({ failures, groundOf }) =>
    failures.flatMap(({ service, step, message }) => {
      const ground = service && groundOf(service)
      if (service === undefined || ground === undefined || step !== 'container.start' || !/not a directory|is a directory/i.test(message))
        return []
      return service.mounts.flatMap((mount) => explain(service, mount, ground))
    }),
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

const korean = { file: '파일', directory: '디렉터리' } as const

function kindOf(path: string): 'file' | 'directory' | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  return stat.isDirectory() ? 'directory' : 'file'
}
