import { readFileSync } from 'node:fs'
import { nearest } from '#base/nearest.ts'
import { failedServices, type Facts, type ServiceFacts } from '../facts.ts'
import type { Evidence, Fix } from '../finding.ts'
import { missingSettingIn } from '../missing-setting.ts'
import type { Found, Rule } from '../rule.ts'
import { place, wrote } from '../words.ts'

/** A program that ends because a variable of its environment is missing or empty. */
export const settingMissing: Rule = {
  id: 'setting-missing',
  title: { en: 'a variable that the program needs is not set', ko: '프로그램에 필요한 환경 변수가 없습니다' },
  severity: 'error',
  find: (facts) => failedServices(facts).flatMap((failed) => explain(failed, facts)),
}

function explain({ service, container, log }: ServiceFacts, { project }: Facts): Found[] {
  const missing = missingSettingIn(log)
  if (missing === undefined) return []
  const { variable, said } = missing
  const own = service.environment[variable]
  // What is set is not missing, whatever the program may mean.
  if (own !== undefined && own.value !== '') return []
  const empty: Evidence[] =
    own === undefined ? [] : [{ en: `${place(own.at)}${variable} is set to nothing`, ko: `${place(own.at)}${variable} 값이 비어 있습니다` }]
  return [
    {
      service: service.name,
      evidence: [wrote(container, said.trim()), ...empty],
      cause: {
        en: `The program reads ${variable} from its environment, where ${own === undefined ? 'it is not' : 'it is empty'}.`,
        ko: `프로그램이 읽는 환경 변수 ${variable} 값이 ${own === undefined ? '컨테이너에 없습니다' : '비어 있습니다'}.`,
      },
      fix: fixOf(service, variable, project.directory),
    },
  ]
}

function fixOf({ name, at, environment }: ServiceFacts['service'], variable: string, directory: string): Fix {
  const meant = nearest(variable, Object.keys(environment))
  if (meant !== undefined && environment[variable] === undefined) {
    const where = place(environment[meant]?.at)
    return {
      text: {
        en: `Did you mean ${variable} where it says ${meant}? (${where}${meant})`,
        ko: `${where}${meant} 철자를 확인하세요. 혹시 ${variable} 아닌가요?`,
      },
    }
  }
  if (at.file === '')
    return { text: { en: `Give it: docker run -e ${variable}=VALUE …`, ko: `값을 주세요: docker run -e ${variable}=값 …` } }
  if (hasInEnvFile(directory, variable))
    return {
      text: {
        en: `The project's .env has it, but that file only fills in what the Compose file writes as \${…}. Hand it on to the container:`,
        ko: `프로젝트의 .env에 있지만, 그 파일은 Compose 파일의 \${…}만 채웁니다. 컨테이너에도 넘겨 주세요:`,
      },
      change: { file: at.file, puts: [{ path: ['services', name, 'environment'], value: { [variable]: `\${${variable}}` } }] },
    }
  return {
    text: {
      en: `Set it for the service (${place(at)}${name}): environment: {${variable}: …}, or in a file that env_file names.`,
      ko: `서비스에 값을 주세요(${place(at)}${name}): environment: {${variable}: …}. 파일에 두려면 env_file을 쓰세요.`,
    },
  }
}

/** The file that Compose takes variables from, which people take for the container's. */
function hasInEnvFile(directory: string, variable: string): boolean {
  try {
    return readFileSync(`${directory}/.env`, 'utf8')
      .split(/\r?\n/)
      .some((line) => new RegExp(`^\\s*(?:export\\s+)?${variable}\\s*=\\s*\\S`).test(line))
  } catch {
    return false
  }
}
