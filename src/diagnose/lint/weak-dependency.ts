import { databaseOf } from '../databases.ts'
import { place } from '../words.ts'
import type { LintRule } from './lint-facts.ts'

/** `depends_on` that waits for a process where it should wait for a database that answers. */
export const weakDependency: LintRule = {
  id: 'weak-depends-on',
  title: 'depends_on waits until the database has started, not until it can be used',
  titleKo: 'depends_on이 데이터베이스의 시작만 기다리고 준비될 때까지 기다리지 않습니다',
  severity: 'warning',
  find: ({ project }) =>
    Object.values(project.services).flatMap((service) =>
      Object.entries(service.dependsOn).flatMap(([name, { condition }]) => {
        const other = project.services[name]
        const database = other && databaseOf(other)
        if (other === undefined || condition !== 'service_started') return []
        const checked = other.healthcheck !== undefined && other.healthcheck.test[0] !== 'NONE'
        if (database === undefined && !checked) return []
        const check = checked || database === undefined ? '' : ` and give ${name} a health check: test: ${database.check}`
        return [
          {
            service: service.name,
            evidence: [
              `${place(service.at)}${service.name} depends on ${name} without a condition`,
              checked
                ? `${name} has a health check, which nothing waits for`
                : `${name} is ${database?.name}, which needs seconds before it answers`,
            ],
            cause: `${service.name} starts as soon as the process of ${name} has started, and may find nobody who answers.`,
            fix: { text: `Write depends_on as ${name}: { condition: service_healthy }${check}.` },
          },
        ]
      }),
    ),
}
