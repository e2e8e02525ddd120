import { isAbsolute } from 'node:path'
import type { Project, Service, Setting } from '#compose/model/model.ts'
import { failedServices } from '../facts.ts'
import type { Fix } from '../finding.ts'
import { mountOver } from '../ground.ts'
import type { Found, Rule } from '../rule.ts'
import { isSetTo } from '../words.ts'

const place = '/run/secrets/'

/** A variable that names the file of a secret which the service is not given. */
export const secretNotGiven: Rule = {
  id: 'secret-not-given',
  title: { en: 'the service is not given the secret', ko: '서비스에 시크릿이 연결되어 있지 않습니다' },
  severity: 'error',
  lint: ({ project }) => Object.values(project.services).flatMap((service) => explain(service, project)),
  find: (facts) => failedServices(facts).flatMap(({ service }) => (service.at.file === '' ? [] : explain(service, facts.project))),
}

function explain(service: Service, project: Project): Found[] {
  const files = filesOf(service)
  return Object.entries(service.environment).flatMap(([variable, setting]) => {
    const { value, at } = setting
    // A path below a directory that somebody mounts there is theirs.
    if (!/^\/run\/secrets\/[^/\s]+$/.test(value) || files.includes(value) || mountOver(service.mounts, value) !== undefined) return []
    return [
      {
        service: service.name,
        evidence: [
          isSetTo(at, variable, value),
          files.length === 0
            ? { en: `${service.name} is given no secrets`, ko: `${service.name} 서비스에는 시크릿이 없습니다` }
            : { en: `${service.name} is given ${files.join(', ')}`, ko: `${service.name} 서비스의 시크릿: ${files.join(', ')}` },
        ],
        cause: {
          en: `A secret is a file only in the services that name it under secrets:, called as it is there; ${value} is not in the container.`,
          ko: `시크릿은 secrets:에 적은 서비스에만, 거기 적힌 이름의 파일로 들어갑니다. 컨테이너 안에 ${value} 파일이 없습니다.`,
        },
        fix: fixOf(service, setting, project),
      },
    ]
  })
}

/** Paths of the secrets' files in the container. */
function filesOf({ secrets = [] }: Service): string[] {
  return secrets.map(({ target }) => (isAbsolute(target) ? target : place + target))
}

function fixOf(service: Service, { value, at }: Setting, { secrets = {} }: Project): Fix {
  const name = value.slice(place.length)
  if (Object.hasOwn(secrets, name))
    return {
      text: { en: `Give it to ${service.name}.`, ko: `${service.name} 서비스의 secrets:에 추가하세요.` },
      change: { file: service.at.file, puts: [{ path: ['services', service.name, 'secrets'], value: [name] }] },
    }
  const named = new Set(Object.values(service.environment).map((setting) => setting.value))
  const [meant, ...more] = filesOf(service).filter((file) => !named.has(file))
  if (meant === undefined || more.length > 0)
    return {
      text: {
        en: `Declare ${name} under secrets: at the top of the file, and name it under secrets: of ${service.name}; or correct the path.`,
        ko: `파일 맨 바깥의 secrets:에 ${name} 시크릿을 선언하고 ${service.name} 서비스의 secrets:에 적거나, 경로를 고치세요.`,
      },
    }
  return {
    text: { en: `Name the file that is there: ${meant}.`, ko: `있는 파일을 적으세요: ${meant}` },
    ...(at !== undefined && { change: { at, before: value, after: meant } }),
  }
}
