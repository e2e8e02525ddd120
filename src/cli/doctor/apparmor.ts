import { existsSync, readFileSync } from 'node:fs'
import { ok, warning, type Finding } from './finding.ts'

const state = '/sys/module/apparmor/parameters/enabled'

/** Whether containers are confined by AppArmor, which is Debian's and Ubuntu's security module. */
export function apparmor(
  isEnabled = existsSync(state) && readFileSync(state, 'utf8').startsWith('Y'),
  hasParser = existsSync('/sbin/apparmor_parser'),
): Finding[] {
  if (!isEnabled) return [ok('AppArmor is not enabled; seccomp, capabilities and namespaces confine containers')]
  if (hasParser) return [ok('AppArmor confines containers too, by the profile galley-default')]
  return [warning('AppArmor is enabled, but nothing here can load its profile for containers', 'apt-get install apparmor')]
}
