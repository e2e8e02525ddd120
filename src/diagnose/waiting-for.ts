import type { Put } from '#compose/model/edit/put.ts'
import type { Service } from '#compose/model/model.ts'
import { databaseOf } from './databases.ts'
import type { Fix } from './finding.ts'

/** What makes a service wait until another one can be used: a condition, and a health check where it has none. A check that is there and switched off was meant so. */
export function waitingFor({ name, at }: Service, other: Service): Pick<Fix, 'change'> {
  const off = other.healthcheck?.test[0] === 'NONE'
  const check = other.healthcheck === undefined ? databaseOf(other)?.check : undefined
  const isKnown = other.healthcheck !== undefined || check !== undefined
  if (off || !isKnown || at.file === '' || (check !== undefined && other.at.file !== at.file)) return {}
  const puts: Put[] = [
    {
      path: ['services', name, 'depends_on'],
      value: { [other.name]: { condition: 'service_healthy' } },
      others: { condition: 'service_started' },
    },
  ]
  if (check !== undefined)
    puts.push({ path: ['services', other.name, 'healthcheck'], value: { test: check, interval: '5s', timeout: '5s', retries: 20 } })
  return { change: { file: at.file, puts } }
}
