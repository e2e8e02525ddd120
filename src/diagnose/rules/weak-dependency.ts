import type { Service } from '#compose/model/model.ts'
import { databaseOf } from '../databases.ts'
import type { Found, Rule } from '../rule.ts'
import { waitingFor } from '../waiting-for.ts'
import { place } from '../words.ts'

/** `depends_on` that waits for a process where it should wait for a database that answers. */
export const weakDependency: Rule = {
  id: 'weak-depends-on',
  title: {
    en: 'depends_on waits until the service has started, not until it can be used',
    ko: 'depends_on이 서비스의 시작만 기다리고 준비될 때까지 기다리지 않습니다',
  },
  severity: 'warning',
  lint: ({ project }) =>
    Object.values(project.services).flatMap((service) =>
      Object.entries(service.dependsOn).flatMap(([name, { condition }]) => {
        const other = project.services[name]
        return other === undefined || condition !== 'service_started' ? [] : explain(service, other)
      }),
    ),
}

function explain(service: Service, other: Service): Found[] {
  const { name } = other
  const database = databaseOf(other)
  const checked = other.healthcheck !== undefined && other.healthcheck.test[0] !== 'NONE'
  if (database === undefined && !checked) return []
  const check = checked ? undefined : database?.check
  return [
    {
      service: service.name,
      evidence: [
        {
          en: `${place(service.at)}${service.name} depends on ${name} without a condition`,
          ko: `${place(service.at)}${service.name} 서비스의 depends_on: ${name} 항목에 조건이 없습니다`,
        },
        checked
          ? {
              en: `${name} has a health check, which nothing waits for`,
              ko: `${name} 서비스에 헬스 체크가 있지만 아무도 기다리지 않습니다`,
            }
          : {
              en: `${name} is ${database?.name}, which needs seconds before it answers`,
              ko: `${name} 서비스는 ${database?.name}이며, 응답하기까지 몇 초가 걸립니다`,
            },
      ],
      cause: {
        en: `What depends on ${name} starts as soon as the process of ${name} has started, and may find nobody who answers.`,
        ko: `${name} 서비스의 프로세스가 뜨자마자 의존하는 서비스가 시작되어, 아직 응답하지 않는 상대를 만날 수 있습니다.`,
      },
      fix: {
        ...waitingFor(service, other),
        text: {
          en: `Write depends_on as ${name}: { condition: service_healthy }${check === undefined ? '' : ` and give ${name} a health check: test: ${check}`}.`,
          ko: `depends_on을 ${name}: { condition: service_healthy } 형태로 적으세요.${check === undefined ? '' : ` ${name} 서비스에는 헬스 체크를 추가하세요: test: ${check}`}`,
        },
      },
    },
  ]
}
