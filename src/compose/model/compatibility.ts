import type { Variables } from './variables.ts'

/** What stands between the parts of names that no file says: an underscore where COMPOSE_COMPATIBILITY says so, as Docker Compose reads it. */
export function separatorIn(variables: Variables): '-' | '_' {
  return /^\s*(?:1|t|true|y)\s*$/i.test(variables['COMPOSE_COMPATIBILITY'] ?? '') ? '_' : '-'
}
