import { buildProblem, type BuildProblem } from '../build-problem.ts'
import { dockerfileLine, printedLine } from '../dockerfile-line.ts'
import type { Facts } from '../facts.ts'
import type { Words } from '../finding.ts'
import type { Found } from '../rule.ts'
import { same, told } from '../words.ts'
import { windowsLines } from './program-words.ts'

/** The builds that failed because of a command with a problem of these kinds. */
export function buildsStopped({ failures }: Facts, kinds: readonly BuildProblem['kind'][]): Found[] {
  return failures.flatMap((failure) => {
    const problem = buildProblem(failure)
    if (failure.service === undefined || problem === undefined || !kinds.includes(problem.kind)) return []
    const { cause, fix } = commandWords[problem.kind](problem)
    return [
      {
        service: failure.service.name,
        evidence: [
          ...(failure.line === undefined ? [told(failure.subject, failure.message)] : dockerfileLine(failure.service, failure)),
          printedLine(problem.line),
          ...(problem.file === undefined ? [] : [same(problem.file)]),
        ],
        cause,
        fix: { text: fix },
      },
    ]
  })
}

/** What stopped a command, and what helps. */
export const commandWords: Readonly<
  Record<BuildProblem['kind'], (problem: BuildProblem) => { readonly cause: Words; readonly fix: Words }>
> = {
  missing: ({ program }) => ({
    cause: {
      en: `The command calls ${program}, which the image that is being built does not have there.`,
      ko: `명령이 부르는 ${program} 프로그램이 빌드 중인 이미지의 그 위치에 없습니다.`,
    },
    fix: {
      en: program.includes('/')
        ? `Copy it before it is called (COPY), and see whether .dockerignore or another WORKDIR is in the way.`
        : `Install it in an earlier RUN, or start FROM an image that has it.`,
      ko: program.includes('/')
        ? '부르기 전에 복사하세요(COPY). .dockerignore에서 빠졌거나 WORKDIR이 다르지 않은지도 확인하세요.'
        : '앞의 RUN에서 설치하거나, 그 프로그램이 있는 이미지를 FROM에 쓰세요.',
    },
  }),
  'not-executable': ({ program }) => ({
    cause: {
      en: `${program} is there, but its execute bit is not set: it was lost on Windows or in an archive, or was never set.`,
      ko: `${program} 파일은 있지만 실행 권한이 없습니다. 윈도우나 압축 파일을 거치면서 없어지는 일이 많습니다.`,
    },
    fix: {
      en: `Set it where the file comes from (git update-index --chmod=+x FILE), or in the Dockerfile: RUN chmod +x ${program}.`,
      ko: `원본 파일에 권한을 주거나(git update-index --chmod=+x 파일), Dockerfile에 적으세요: RUN chmod +x ${program}`,
    },
  }),
  'line-endings': ({ program }) => ({
    cause: { en: `${program}: ${windowsLines.cause.en}`, ko: `${program}: ${windowsLines.cause.ko}` },
    fix: windowsLines.fix('FILE'),
  }),
  architecture: ({ program }) => ({
    cause: {
      en: `${program === '' ? 'The program' : program} is for another processor than this machine's, and no emulator for it is registered.`,
      ko: `${program === '' ? '프로그램' : program} 파일이 이 컴퓨터와 다른 프로세서용이고, 등록된 에뮬레이터도 없습니다.`,
    },
    fix: {
      en: 'Use a base image and programs for this machine, or install an emulator (qemu-user-static).',
      ko: '이 컴퓨터용 베이스 이미지와 프로그램을 쓰거나, 에뮬레이터(qemu-user-static)를 설치하세요.',
    },
  }),
  'no-answer': ({ program }) => ({
    cause: {
      en: `The command gets something from ${program === '' ? 'another machine' : program}, which can't be reached from here; the Dockerfile itself may be right.`,
      ko: `명령이 ${program === '' ? '다른 서버' : program}에서 무언가를 받으려 하지만 여기서는 연결할 수 없습니다. Dockerfile 자체에는 문제가 없을 수 있습니다.`,
    },
    fix: {
      en: "Check this machine's network, DNS and proxy (HTTPS_PROXY). Build steps get its proxies, certificates and the mirrors that root's npm, pip and Go are set to: npm config set registry URL, pip config set global.index-url URL, go env -w GOPROXY=URL.",
      ko: '이 컴퓨터의 네트워크와 DNS, 프록시(HTTPS_PROXY)를 확인하세요. 빌드 단계는 이 컴퓨터의 프록시와 인증서, 그리고 root의 npm, pip, Go에 설정된 미러를 그대로 씁니다: npm config set registry URL, pip config set global.index-url URL, go env -w GOPROXY=URL',
    },
  }),
  'no-space': () => ({
    cause: {
      en: 'The command has no room left to write: the disk of the builds is full, or a file system in memory that it writes to (/dev/shm, --mount=type=tmpfs).',
      ko: '명령이 파일을 쓸 공간이 없습니다. 빌드가 쓰는 디스크가 가득 찼거나, 명령이 쓰는 메모리 파일 시스템(/dev/shm, --mount=type=tmpfs)이 가득 찼습니다.',
    },
    fix: {
      en: 'Make room on the disk (docker builder prune -a, docker system prune); a file system in memory gets more with --shm-size or --mount=type=tmpfs,size=….',
      ko: '디스크를 비우세요(docker builder prune -a, docker system prune). 메모리 파일 시스템이라면 --shm-size나 --mount=type=tmpfs,size=…로 크기를 늘리세요.',
    },
  }),
}
