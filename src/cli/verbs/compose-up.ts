import type { Command, Syntax } from '../command.ts'
import { parseOptions } from '../options.ts'
import { bringUp, upSyntax } from './up.ts'

const { 'stop-timeout': stopTimeout, 'attach-only': attachOnly, ...options } = upSyntax.options

const syntax = {
  ...upSyntax,
  does: `As galley up, which says more; it stays with what it started and shows what the services write, unless it is told otherwise. --attach and
--timeout are docker compose's here.`,
  options: {
    ...options,
    attach: { ...attachOnly, does: 'show what this service writes, and no other; several times for several' },
    timeout: { ...stopTimeout, short: 't' },
  },
} as const satisfies Syntax

/** `galley compose up`, where two of galley's words mean what docker compose means by them. */
export const composeUp: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { attach: attachTo, timeout, ...others } = values
    const stays = (['detach', 'wait', 'no-start', 'dry-run'] as const).every((name) => values[name] !== true)
    return await bringUp(
      {
        ...others,
        attach: stays,
        ...(attachTo !== undefined && { 'attach-only': attachTo }),
        ...(timeout !== undefined && { 'stop-timeout': timeout }),
      },
      positionals,
    )
  },
}
