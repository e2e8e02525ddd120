import type { Fix, Words } from '../finding.ts'
import type { Ground } from '../ground.ts'
import type { ProgramProblem } from '../program-problem.ts'

interface Told {
  readonly evidence: Words
  readonly cause: Words
  readonly fix: Fix
}

type OfKind<Kind> = Extract<ProgramProblem, { readonly kind: Kind }>

/** What keeps a program from starting, in words. `file` is the person's own, where it is known. */
export function programWords(problem: ProgramProblem, { image }: Ground, file?: string): Told {
  switch (problem.kind) {
    case 'missing':
      return missing(problem, image)
    case 'not-executable':
      return notExecutable(problem, image, file)
    case 'line-endings':
      return lineEndings(problem, image, file)
    case 'interpreter-missing':
      return problem.loader ? loaderMissing(problem, image) : interpreterMissing(problem, image)
    case 'architecture':
      return otherArchitecture(problem, image)
    case 'no-format':
      return noFormat(problem, image)
  }
}

function missing({ path }: OfKind<'missing'>, image: string): Told {
  return {
    evidence: { en: `the image ${image} has no program "${path}"`, ko: `${image} 이미지에 "${path}" 프로그램이 없습니다` },
    cause: {
      en: `${path} is started, but is not in the image${path.includes('/') ? '' : "'s PATH"}.`,
      ko: `${path} 프로그램을 시작하려 하지만 이미지${path.includes('/') ? '에' : '의 PATH에'} 없습니다.`,
    },
    fix: /\s/.test(path)
      ? asLine
      : {
          text: {
            en: 'Correct the name or the path, install it in the Dockerfile, or use an image that has it.',
            ko: '이름이나 경로를 고치거나, Dockerfile에서 설치하거나, 그 프로그램이 있는 이미지를 쓰세요.',
          },
        },
  }
}

function korean(file: string): string {
  return file === 'FILE' ? '파일' : file
}

/** A list whose first item holds a whole command. */
const asLine = {
  text: {
    en: 'In a list (JSON form), each word is an item of its own, and no shell reads them: ["sh", "-c", "…"] for a line of the shell, or write it as a text without a list.',
    ko: '목록(JSON 형식)에서는 단어마다 따로 적어야 하고 셸이 해석하지 않습니다. 셸 명령 줄이라면 ["sh", "-c", "…"]로 적거나, 목록 없이 한 줄로 적으세요.',
  },
}

function notExecutable({ path, is }: OfKind<'not-executable'>, image: string, file = 'FILE'): Told {
  if (is !== 'file')
    return {
      evidence: { en: `${path} of the image ${image} is no file`, ko: `${image} 이미지의 ${path} 경로는 파일이 아닙니다` },
      cause: { en: 'Only a file can be started.', ko: '파일만 실행할 수 있습니다.' },
      fix: { text: { en: 'Correct the path.', ko: '경로를 고치세요.' } },
    }
  return {
    evidence: {
      en: `${path} of the image ${image} has no execute bit`,
      ko: `${image} 이미지의 ${path} 파일에 실행 권한이 없습니다`,
    },
    cause: {
      en: 'The kernel starts only files whose execute bit is set. It is lost on Windows and in some archives.',
      ko: '커널은 실행 권한이 있는 파일만 실행합니다. 윈도우나 일부 압축 파일을 거치면 권한이 없어집니다.',
    },
    fix: {
      text: {
        en: `Set it where the file comes from: chmod +x ${file} (in Git: git update-index --chmod=+x ${file}), or copy it with COPY --chmod=755.`,
        ko: `원본 파일에 권한을 주거나(chmod +x ${korean(file)}, Git에서는 git update-index --chmod=+x ${korean(file)}), COPY --chmod=755로 복사하세요.`,
      },
    },
  }
}

function lineEndings({ path, line }: OfKind<'line-endings'>, image: string, file = 'FILE'): Told {
  return {
    evidence: {
      en: `the first line of ${path} (image ${image}) is "${line}" and a carriage return (\\r\\n)`,
      ko: `${path} 파일(${image} 이미지)의 첫 줄이 "${line}" 뒤에 캐리지 리턴(\\r\\n)으로 끝납니다`,
    },
    cause: windowsLines.cause,
    fix: { text: windowsLines.fix(file) },
  }
}

/** Of a script with the line endings of Windows, wherever it is found. */
export const windowsLines = {
  cause: {
    en: 'The file was saved with the line endings of Windows. The kernel takes the carriage return for a part of the interpreter’s name and finds no such program.',
    ko: '파일이 윈도우 줄바꿈으로 저장되어 있습니다. 커널이 캐리지 리턴까지 인터프리터 이름으로 읽어서 그런 프로그램을 찾지 못합니다.',
  },
  fix: (file: string): Words => ({
    en: `Save it with Unix line endings: sed -i 's/\\r$//' ${file}; in Git, keep them with *.sh text eol=lf (and gradlew, mvnw) in .gitattributes.`,
    ko: `유닉스 줄바꿈으로 저장하세요: sed -i 's/\\r$//' ${korean(file)}. Git에서는 .gitattributes에 *.sh text eol=lf를 적어 두세요(gradlew, mvnw도).`,
  }),
} as const

function interpreterMissing({ path, needs }: OfKind<'interpreter-missing'>, image: string): Told {
  return {
    evidence: {
      en: `${path} is a script for ${needs}, which the image ${image} does not have`,
      ko: `${path} 스크립트에 필요한 ${needs} 프로그램이 ${image} 이미지에 없습니다`,
    },
    cause: {
      en: 'The kernel starts the program that the first line of a script names (#!…), and tells its absence as if the script were not there.',
      ko: '커널은 스크립트 첫 줄(#!…)에 적힌 프로그램을 실행하며, 그 프로그램이 없으면 스크립트가 없는 것처럼 알립니다.',
    },
    fix: {
      text: {
        en: `Write it for a program that the image has (small images have /bin/sh, no bash), or install ${needs} in the Dockerfile.`,
        ko: `이미지에 있는 프로그램용으로 적거나(작은 이미지에는 bash 없이 /bin/sh만 있습니다), Dockerfile에서 ${needs} 프로그램을 설치하세요.`,
      },
    },
  }
}

function loaderMissing({ path, needs }: OfKind<'interpreter-missing'>, image: string): Told {
  return {
    evidence: {
      en: `${path} needs the loader ${needs}, which the image ${image} does not have`,
      ko: `${path} 프로그램에 필요한 로더 ${needs} 파일이 ${image} 이미지에 없습니다`,
    },
    cause: {
      en: 'The program was built for the C library of another distribution (glibc of Debian and Ubuntu, musl of Alpine). The kernel tells its loader’s absence as if the program were not there.',
      ko: '다른 배포판의 C 라이브러리(데비안·우분투는 glibc, 알파인은 musl)용으로 빌드된 프로그램입니다. 로더가 없으면 커널은 프로그램이 없는 것처럼 알립니다.',
    },
    fix: {
      text: {
        en: 'Build it in an image of the same distribution as the one that runs it, or build it statically (Go: CGO_ENABLED=0).',
        ko: '실행할 이미지와 같은 배포판에서 빌드하거나, 정적으로 빌드하세요(Go는 CGO_ENABLED=0).',
      },
    },
  }
}

function otherArchitecture({ path, has }: OfKind<'architecture'>, image: string): Told {
  return {
    evidence: {
      en: `${path} of the image ${image} is a program for ${has}`,
      ko: `${image} 이미지의 ${path} 파일은 ${has}용 프로그램입니다`,
    },
    cause: {
      en: 'This machine has another processor, and no emulator for that one is registered (exec format error).',
      ko: '이 컴퓨터의 프로세서는 종류가 다르고, 등록된 에뮬레이터도 없습니다(exec format error).',
    },
    fix: {
      text: {
        en: 'Use or build the image for this machine (platform: in the service, --platform of a build), or install an emulator (qemu-user-static).',
        ko: '이 컴퓨터용 이미지를 쓰거나 빌드하세요(서비스의 platform:, 빌드의 --platform). 아니면 에뮬레이터(qemu-user-static)를 설치하세요.',
      },
    },
  }
}

function noFormat({ path }: OfKind<'no-format'>, image: string): Told {
  return {
    evidence: {
      en: `${path} of the image ${image} is a text whose first line is no #!…`,
      ko: `${image} 이미지의 ${path} 파일은 첫 줄에 #!…이 없는 텍스트입니다`,
    },
    cause: {
      en: 'A shell runs such a file itself; the kernel does not know what should run it (exec format error).',
      ko: '셸은 이런 파일을 스스로 실행하지만, 커널은 무엇으로 실행할지 알 수 없습니다(exec format error).',
    },
    fix: { text: { en: 'Begin it with #!/bin/sh, or start it as sh FILE.', ko: '첫 줄에 #!/bin/sh를 적거나, sh 파일 형태로 실행하세요.' } },
  }
}
