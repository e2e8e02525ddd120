import type { BuildProblem } from '../build-problem.ts'
import { commandOf, programsOf } from '../command.ts'
import { failedServices, type Facts, type ServiceFacts } from '../facts.ts'
import type { Evidence, Fix } from '../finding.ts'
import type { Service } from '#compose/model/model.ts'
import { mountOver, type Ground } from '../ground.ts'
import { ownFileAt } from '../own-file.ts'
import { programProblem, type ProgramProblem } from '../program-problem.ts'
import type { Found, Rule } from '../rule.ts'
import { ended, lastLines, told, wrote } from '../words.ts'
import { buildsStopped } from './build-program.ts'
import { programWords } from './program-words.ts'
import { refusedStarts, startedWrong } from './start-refused.ts'

type Kind = ProgramProblem['kind']

/** Looked up in the image before anything runs, and where a program did not start. */
function programRule(kinds: readonly Kind[], { id, title }: Pick<Rule, 'id' | 'title'>, otherwise: Rule['find'] = () => []): Rule {
  return {
    id,
    title,
    severity: 'error',
    inspect: (service, ground) => {
      const problem = problemOf(ground, programsOf(commandOf(service, ground)))
      return problem === undefined || !kinds.includes(problem.kind) ? [] : [toldOf(service, problem, ground)]
    },
    find: (facts) => {
      const found = startsOf(facts).filter(({ problem }) => problem !== undefined)
      const known = new Set(found.map(({ service }) => service.name))
      return [
        ...buildsStopped(
          facts,
          kinds.flatMap((kind) => buildKinds[kind] ?? []),
        ),
        ...found.flatMap(({ service, problem, ground, said }) =>
          problem === undefined || !kinds.includes(problem.kind) ? [] : [toldOf(service, problem, ground, said)],
        ),
        ...otherwise(facts).filter(({ service }) => !known.has(service)),
      ]
    },
  }
}

/** The same, where a command of a build did not start. */
const buildKinds: Readonly<Partial<Record<Kind, BuildProblem['kind']>>> = {
  missing: 'missing',
  'not-executable': 'not-executable',
  'line-endings': 'line-endings',
  architecture: 'architecture',
}

function problemOf(ground: Ground, programs: readonly string[]): ProgramProblem | undefined {
  for (const program of programs) {
    const problem = programProblem(program, ground)
    if (problem !== undefined) return problem
  }
  return undefined
}

function toldOf(service: Service, problem: ProgramProblem, ground: Ground, said: readonly Evidence[] = []): Found {
  const { evidence, cause, fix } = programWords(problem, ground, ownFileAt(service, problem.path))
  return { service: service.name, evidence: [...said, evidence], cause, fix: builtAnew(service, problem.path, fix) }
}

/** A file of the image changes with the next build alone, which `up` makes where it is asked to. */
function builtAnew({ build, mounts }: Service, path: string, fix: Fix): Fix {
  if (build === undefined || mountOver(mounts, path) !== undefined) return fix
  const { en, ko } = fix.text
  return { ...fix, text: { en: `${en} Then build it anew: galley up --build.`, ko: `${ko} 그런 다음 다시 빌드하세요: galley up --build` } }
}

interface Start {
  readonly service: Service
  readonly ground: Ground
  readonly problem: ProgramProblem | undefined
  readonly said: readonly Evidence[]
}

/** The services of which a program did not start, with what their images say to it. */
function startsOf({ services, failures, groundOf }: Facts): Start[] {
  const ran = failedServices({ services })
    .filter(looksLikeStart)
    .map(({ service, image, container, text, log }) => ({
      service,
      image,
      said: [ended(container, text), ...lastLines(log, 1).map((line) => wrote(container, line))],
    }))
  const refused = failures.flatMap(({ service, subject, step, message }) =>
    service === undefined || step !== 'container.start' ? [] : [{ service, image: undefined, said: [told(subject, reasonIn(message))] }],
  )
  return [...ran, ...refused].flatMap(({ service, image, said }) => {
    const ground = groundOf(service, image)
    if (ground === undefined) return []
    return [{ service, ground, problem: problemOf(ground, programsOf(commandOf(service, ground))), said }]
  })
}

/** What the kernel said, without what Docker's clients expect in front of it. */
function reasonIn(message: string): string {
  return message.replace(/^.*?OCI runtime create failed: /, '').replace(/: unknown$/, '')
}

function looksLikeStart({ exitCode, log }: ServiceFacts): boolean {
  return exitCode === 126 || exitCode === 127 || log.some((line) => /^exec (container process|\/)|exec format error/i.test(line))
}

/** A program, or one that a start script calls, that the image does not have. */
export const programNotFound = programRule(
  ['missing', 'interpreter-missing'],
  { id: 'program-not-found', title: { en: 'the program is not in the image', ko: '실행할 프로그램이 이미지에 없습니다' } },
  (facts) => [
    ...startedWrong(facts, 127, {
      en: 'the program, or one that its start script calls, is not in the image',
      ko: '프로그램이나 시작 스크립트가 부르는 프로그램이 이미지에 없다는 뜻입니다',
    }),
    ...refusedStarts(facts, /executable file not found|no such file/),
  ],
)

/** A program that is there and may not be executed. */
export const programNotExecutable = programRule(
  ['not-executable'],
  { id: 'program-not-executable', title: { en: 'the program may not be executed', ko: '프로그램에 실행 권한이 없습니다' } },
  (facts) => [
    ...startedWrong(facts, 126, {
      en: 'the program is there but may not be executed: its execute bit is missing, or it is a directory',
      ko: '프로그램은 있지만 실행할 수 없다는 뜻입니다. 실행 권한이 없거나 디렉터리입니다',
    }),
    ...refusedStarts(facts, /permission denied|is a directory/),
  ],
)

/** A script with the line endings of Windows. */
export const scriptLineEndings = programRule(['line-endings'], {
  id: 'script-line-endings',
  title: { en: 'the script has the line endings of Windows', ko: '스크립트가 윈도우 줄바꿈으로 저장되어 있습니다' },
})

/** A program for another processor. */
export const wrongArchitecture = programRule(['architecture'], {
  id: 'wrong-architecture',
  title: { en: 'the program is for another processor', ko: '다른 프로세서용 프로그램입니다' },
})

/** A script that doesn't say what runs it. */
export const scriptWithoutInterpreter = programRule(['no-format'], {
  id: 'script-without-interpreter',
  title: { en: 'the script does not say what runs it', ko: '스크립트에 무엇으로 실행할지 적혀 있지 않습니다' },
})
