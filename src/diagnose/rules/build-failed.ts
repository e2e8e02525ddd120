import type { Service } from '#compose/model/model.ts'
import { buildProblem } from '../build-problem.ts'
import { copyProblem, pathNotInContext, type CopyProblem } from '../copy-problem.ts'
import { dockerfileLine, printedLine } from '../dockerfile-line.ts'
import type { Failure } from '../facts.ts'
import type { Evidence, Words } from '../finding.ts'
import type { Found, Rule } from '../rule.ts'
import { tellingLines } from '../telling-lines.ts'
import { same, told } from '../words.ts'
import { missingSource } from './bind-source.ts'

/** Lines of a command's output that are shown. */
const shown = 4

/** An image that could not be built. */
export const buildFailed: Rule = {
  id: 'build-failed',
  title: { en: 'the image could not be built', ko: '이미지를 빌드하지 못했습니다' },
  severity: 'error',
  find: ({ failures, project }) =>
    failures.flatMap((failure) => {
      const { service, step } = failure
      if (service === undefined || step !== 'image.build' || buildProblem(failure) !== undefined) return []
      if (missingSource(failure, project) !== undefined) return []
      const copy = copyIn(service, failure)
      return [copy === undefined ? explained(service, failure) : { service: service.name, ...copied(service, failure, copy) }]
    }),
}

function explained(service: Service, failure: Failure): Found {
  const { code, subject, message, advice, printed } = failure
  const inCommand = code === 'build.step-failed'
  const again = {
    en: `Mend the Dockerfile${inCommand ? ' or what the command works with' : ''} and run it again: steps that succeeded are not repeated.`,
    ko: `Dockerfile${inCommand ? '이나 명령이 쓰는 파일' : ''}을 고친 뒤 다시 실행하세요. 성공한 단계는 반복하지 않습니다.`,
  }
  const said = inCommand ? tellingLines(printed, shown).map(printedLine) : []
  const line = dockerfileLine(service, failure)
  return {
    service: service.name,
    evidence: [...line, ...(line.length > 0 && said.length > 0 ? [] : [told(subject, message)]), ...said],
    cause: inCommand
      ? {
          en: `A command that the Dockerfile of ${service.name} runs ended with an error, as it says.`,
          ko: `${service.name} 서비스의 Dockerfile이 실행한 명령이 위에 적힌 오류로 끝났습니다.`,
        }
      : {
          en: `The build of ${service.name} can't go on, as it says.`,
          ko: `위에 적힌 이유로 ${service.name} 서비스의 빌드를 계속할 수 없습니다.`,
        },
    fix: { text: advice === undefined ? again : same(advice) },
  }
}

/** What a `COPY` does not find. */
function copyIn({ build }: Service, { message }: Failure): CopyProblem | undefined {
  const path = pathNotInContext(message)
  return path === undefined || build === undefined ? undefined : copyProblem(build, path)
}

function copied(service: Service, failure: Failure, problem: CopyProblem): Omit<Found, 'service'> {
  return {
    evidence: [...dockerfileLine(service, failure), copyEvidence(problem)],
    cause: copyCause(problem),
    fix: { text: copyFix(problem) },
  }
}

function copyEvidence(problem: CopyProblem): Evidence {
  if (problem.kind === 'ignored') return same(`${problem.file}:${problem.line}: ${problem.text}`)
  const { context, path } = problem
  return { en: `${context} is the build's context, and has no ${path}`, ko: `빌드 컨텍스트 ${context} 안에 ${path} 없음` }
}

function copyCause(problem: CopyProblem): Words {
  const { path } = problem
  if (problem.kind === 'ignored')
    return {
      en: `${path} is there, but this line of the .dockerignore keeps it out of the build.`,
      ko: `${path} 파일은 있지만 .dockerignore의 이 줄 때문에 빌드에서 빠집니다.`,
    }
  return {
    en: `COPY finds only what is in the build's context, and ${path} is not there.`,
    ko: `COPY는 빌드 컨텍스트 안에 있는 것만 찾는데, ${path} 경로가 거기에 없습니다.`,
  }
}

function copyFix(problem: CopyProblem): Words {
  if (problem.kind === 'ignored')
    return {
      en: `Take the line away, or let it in again by a line behind it: !${problem.path}`,
      ko: `그 줄을 지우거나, 뒤에 예외를 추가하세요: !${problem.path}`,
    }
  if (problem.near !== undefined) return { en: `Did you mean ${problem.near}?`, ko: `혹시 ${problem.near}인가요?` }
  if (problem.outside !== undefined)
    return {
      en: `${problem.outside} is outside of it: build from there (build: {context: …, dockerfile: …}), or move the file.`,
      ko: `${problem.outside} 파일은 컨텍스트 밖에 있습니다. 그 디렉터리를 컨텍스트로 쓰거나(build: {context: …, dockerfile: …}) 파일을 옮기세요.`,
    }
  return {
    en: `Make it first, if something has to build it (./gradlew build, npm run build), or correct the path: it starts at the context.`,
    ko: '먼저 만들어야 하는 파일이면 만드세요(./gradlew build, npm run build). 아니면 경로를 고치세요. 경로는 컨텍스트에서 시작합니다.',
  }
}
