import type { Rule } from '../rule.ts'
import { buildsStopped } from './build-program.ts'

/** A step of a build that gets packages from a machine that does not answer. */
export const buildWithoutNetwork: Rule = {
  id: 'build-without-network',
  title: { en: 'the build can not reach another machine', ko: '빌드가 다른 서버에 연결하지 못합니다' },
  severity: 'error',
  find: (facts) => buildsStopped(facts, ['no-answer']),
}
