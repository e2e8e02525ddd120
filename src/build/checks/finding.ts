import type { Place } from '../dockerfile/problem.ts'
import type { RuleName } from './rules.ts'

/** What a rule found, and where. */
export interface CheckFinding {
  readonly rule: RuleName
  readonly message: string
  readonly place: Place
}
