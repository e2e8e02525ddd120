import type { Rule } from '../rule.ts'
import { localhostMeasured } from './localhost-measured.ts'
import { localhostWritten } from './localhost-written.ts'

/** Another service's address written as localhost: inside a container that is the container itself. */
export const localhost: Rule = {
  id: 'localhost-for-another-service',
  title: { en: 'localhost inside a container is the container itself', ko: '컨테이너 안의 localhost는 그 컨테이너 자신입니다' },
  severity: 'error',
  lint: localhostWritten,
  find: localhostMeasured,
}
