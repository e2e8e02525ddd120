import type { Service } from '#compose/model/model.ts'
import { failedServices, type Facts, type ServiceFacts } from '../facts.ts'
import type { Words } from '../finding.ts'
import { mountOver } from '../ground.ts'
import type { Found, Rule } from '../rule.ts'
import { place, wrote } from '../words.ts'

/** How interpreters say that the file that they were told to run is not there. */
const file =
  /Cannot find module '(\/[^']+)'|can't open file '([^']+)'|Unable to access jarfile (\S+)|Could not open input file: (\S+)|\bsh: (?:\d+: |line \d+: )?(?:can't open|cannot open) '?([^\s':]+)/
/** The same of a package that a program loads. */
const library =
  /Cannot find (?:module|package) '([^'/.][^']*)'|ModuleNotFoundError: No module named '([\w.]+)'|cannot load such file -- ([^\s/.]\S*)/

/** An interpreter that runs, and does not find the program or one of its packages. */
export const notInImage: Rule = {
  id: 'file-not-in-image',
  title: { en: 'what the program runs or loads is not there', ko: '실행하거나 불러올 파일이 없습니다' },
  severity: 'error',
  find: (facts: Facts) => failedServices(facts).flatMap(explain),
}

function explain({ service, container, log }: ServiceFacts): Found[] {
  const line = log.findLast((text) => file.test(text) || library.test(text))
  if (line === undefined) return []
  const path = file
    .exec(line)
    ?.slice(1)
    .find(Boolean)
    ?.replace(/^\/\/+/, '/')
  const mount = path === undefined ? undefined : mountOver(service.mounts, path)
  const name = library.exec(line)?.slice(1).find(Boolean) ?? ''
  const hides: Words[] =
    mount === undefined
      ? []
      : [
          {
            en: `${place(mount.at)}${mount.source} is mounted at ${mount.target}`,
            ko: `${place(mount.at)}${mount.source} 경로가 ${mount.target}에 마운트되어 있습니다`,
          },
        ]
  const { cause, fix } = path === undefined ? packageWords(name, service) : fileWords(path, mount?.target)
  return [{ service: service.name, evidence: [wrote(container, line), ...hides], cause, fix: { text: fix } }]
}

function fileWords(path: string, mountedAt: string | undefined): { readonly cause: Words; readonly fix: Words } {
  if (mountedAt !== undefined)
    return {
      cause: {
        en: `${path} is looked for in what is mounted at ${mountedAt}, which hides what the image has there.`,
        ko: `${path} 파일을 ${mountedAt}에 마운트된 것에서 찾습니다. 이미지의 그 위치에 있던 것은 가려집니다.`,
      },
      fix: {
        en: 'Put the file into what is mounted, mount it elsewhere, or take the mount away.',
        ko: '마운트하는 곳에 파일을 넣거나, 다른 위치에 마운트하거나, 마운트를 없애세요.',
      },
    }
  return {
    cause: { en: `The command runs ${path}, which is not in the image.`, ko: `명령이 실행하는 ${path} 파일이 이미지에 없습니다.` },
    fix: {
      en: 'Correct the command (CMD, command:, "start" in package.json), or copy the file there; .dockerignore may keep it out, and WORKDIR decides where a relative path leads.',
      ko: '명령(CMD, command:, package.json의 "start")을 고치거나 파일을 그 위치에 복사하세요. .dockerignore에서 빠졌거나 WORKDIR이 달라서일 수도 있습니다.',
    },
  }
}

function packageWords(name: string, { build, image, mounts }: Service): { readonly cause: Words; readonly fix: Words } {
  const cause = {
    en: `The program loads ${name}, which is not installed in the container.`,
    ko: `프로그램이 불러오는 ${name} 패키지가 컨테이너에 설치되어 있지 않습니다.`,
  }
  if (build === undefined)
    return {
      cause,
      fix: {
        en: `The image ${image} comes without it: install it in an image of your own (build: . and a Dockerfile that begins with FROM ${image}).`,
        ko: `${image} 이미지에는 들어 있지 않습니다. FROM ${image}(으)로 시작하는 Dockerfile에서 설치하고 build: . 로 빌드하세요.`,
      },
    }
  const hidden = mounts.some(({ type }) => type === 'bind')
  return {
    cause,
    fix: {
      en: `Name it where the project lists its packages (package.json, requirements.txt, Gemfile), and build again: galley up --build.${hidden ? ' A directory that is mounted over the project hides what the image installed there (node_modules): give that a volume of its own.' : ''}`,
      ko: `패키지 목록(package.json, requirements.txt, Gemfile)에 추가하고 다시 빌드하세요: galley up --build.${hidden ? ' 프로젝트 디렉터리를 마운트해서 이미지에 설치된 것(node_modules)이 가려졌다면 그 위치에 별도 볼륨을 두세요.' : ''}`,
    },
  }
}
