import { GalleyError } from '#base/error.ts'
import type { Project } from '#compose/model/model.ts'
import type { Options } from '../options.ts'
import type { Attaching } from './attached-up.ts'

/** What an attached `up` shows, and what it ends by. */
export const attachOptions = {
  attach: { type: 'boolean', does: 'then show what the services write, and stop them at Ctrl-C' },
  'attach-only': {
    type: 'string',
    multiple: true,
    value: 'SERVICE',
    does: 'attach, and show what this service writes; several times for several',
  },
  'attach-dependencies': { type: 'boolean', does: 'attach, and show what the services write that the named ones depend on, too' },
  'no-attach': { type: 'string', multiple: true, value: 'SERVICE', does: 'attached, without what this service writes' },
  'abort-on-container-exit': { type: 'boolean', does: 'attach, and stop all when one ends; exits with its exit code' },
  'abort-on-container-failure': { type: 'boolean', does: 'attach, and stop all when one fails; exits with its exit code' },
  'exit-code-from': { type: 'string', value: 'SERVICE', does: "attach, stop all when one ends, and exit with this service's exit code" },
  timestamps: { type: 'boolean', does: 'attached, with the time at which each line was written' },
  'no-color': { type: 'boolean', does: 'attached, with prefixes without colour' },
  'no-log-prefix': { type: 'boolean', does: 'attached, with lines as they were written' },
} as const satisfies Options

/** The values of `attachOptions`, and of what excludes them. */
export interface AttachValues {
  readonly attach?: boolean | undefined
  readonly 'attach-only'?: readonly string[] | undefined
  readonly 'attach-dependencies'?: boolean | undefined
  readonly 'no-attach'?: readonly string[] | undefined
  readonly 'abort-on-container-exit'?: boolean | undefined
  readonly 'abort-on-container-failure'?: boolean | undefined
  readonly 'exit-code-from'?: string | undefined
  readonly timestamps?: boolean | undefined
  readonly 'no-color'?: boolean | undefined
  readonly 'no-log-prefix'?: boolean | undefined
  readonly detach?: boolean | undefined
  readonly wait?: boolean | undefined
  readonly watch?: boolean | undefined
  readonly 'stop-timeout'?: string | undefined
}

/** What an attached `up` ends by; undefined when it does not stay. Throws `invalid` for options that exclude each other. */
export function attachingOf(values: AttachValues, named: readonly string[]): Attaching | undefined {
  const onFailure = values['abort-on-container-failure'] === true
  const ends = values['abort-on-container-exit'] === true || onFailure || values['exit-code-from'] !== undefined
  refuseContradictions(values, ends)
  const only = values['attach-only'] ?? []
  const dependencies = values['attach-dependencies'] === true
  if (values.attach !== true && values.watch !== true && !ends && only.length === 0 && !dependencies) return undefined
  return {
    shows: (service) =>
      values['no-attach']?.includes(service.name) !== true &&
      (only.length > 0
        ? only.includes(service.name)
        : service.attach !== false && (dependencies || named.length === 0 || named.includes(service.name))),
    codeFrom: values['exit-code-from'],
    named,
    stopTimeout: values['stop-timeout'],
    until: onFailure ? 'one fails' : ends ? 'one ends' : 'all have ended',
    looks: {
      timestamps: values.timestamps === true,
      color: values['no-color'] !== true,
      prefix: values['no-log-prefix'] !== true,
    },
  }
}

/** Services that an attached `up` can't show, as it does not bring them up. Throws `invalid`. */
export function checkAttaching({ 'attach-only': only = [] }: AttachValues, { services }: Pick<Project, 'services'>): void {
  const absent = only.filter((name) => !Object.hasOwn(services, name))
  if (absent.length > 0)
    throw new GalleyError('invalid', `cannot attach to services not included in up: ${absent.join(', ')}`, { code: 'cli.arguments' })
}

function refuseContradictions(values: AttachValues, ends: boolean): void {
  const excluding = (message: string): GalleyError => new GalleyError('invalid', message, { code: 'cli.arguments' })
  if (values['abort-on-container-exit'] === true && values['abort-on-container-failure'] === true)
    throw excluding('--abort-on-container-failure cannot be combined with --abort-on-container-exit')
  if (ends && (values.detach === true || values.wait === true))
    throw excluding('--detach and --wait cannot be combined with what says when an attached up ends')
  const only = values['attach-only'] ?? []
  if (only.length > 0 && values['attach-dependencies'] === true) throw excluding('--attach and --attach-dependencies are incompatible')
  if (values.detach !== true && values.wait !== true) return
  if (only.length > 0 || values['attach-dependencies'] === true || values.watch === true)
    throw excluding('--detach and --wait cannot be combined with --attach, --attach-dependencies or --watch')
}
