import { GalleyError, idOf, messageOf } from '#base/error.ts'
import type { Command, Syntax } from '../command.ts'
import { confirmed } from '../confirm.ts'
import { dryRunOptions, isRehearsal, planned, tellRehearsal } from '../dry-run.ts'
import { parseOptions, projectOptions, withoutLetters } from '../options.ts'
import { parallelLimit } from '../parallel-limit.ts'
import { onInterrupt, progressFor, progressOptions } from '../progress.ts'
import { declaredServices, requiredName } from '../project.ts'
import { say } from '../say.ts'
import { containersIfAny, containersOfServices, live, nameOf, serviceOf, type ContainerRow } from './containers.ts'
import { hooksInFiles } from './hooks.ts'
import { inOrder, sequence } from './in-order.ts'
import { lifeVerbs, type LifeVerb, type Values } from './life-verbs.ts'

/** The command of a verb of the table. What hooks print is told among the steps, or `printed` is told of it. */
export function lifeCommand(name: keyof typeof lifeVerbs, printed?: (row: ContainerRow, line: string) => void): Command {
  const verb: LifeVerb = lifeVerbs[name]
  const syntax: Syntax = {
    usage: `${name} [SERVICE…]`,
    does: verb.does,
    operands: Infinity,
    options: {
      ...withoutLetters(projectOptions, 'force' in verb.options ? 'f' : ''),
      ...verb.options,
      ...dryRunOptions,
      ...progressOptions,
    },
  }
  return {
    syntax,
    async run(args) {
      const { values, positionals } = parseOptions(args, syntax)
      const project = await requiredName(values)
      const named = await (verb.needsSome ? containersOfServices(project, positionals) : containersIfAny(project, positionals, values))
      const meant = { project, services: positionals, alone: values['no-deps'] === true }
      const all = (await verb.withOthers?.(named, meant)) ?? named
      const wanted = values['stop'] === true ? [...verb.states, ...live] : verb.states
      const isOfAll = positionals.length > 0 || values['remove-orphans'] === true
      const declared = isOfAll ? undefined : await declaredIfKnown(values)
      const rows = all.filter((row) => wanted.includes(row.State) && (declared?.includes(serviceOf(row)) ?? true))
      if (isRehearsal(values)) {
        const order = sequence(rows, verb.reversed)
        await tellRehearsal(
          order.map((row) => planned(`Container ${nameOf(row)}`, verb.action?.(row) ?? name)),
          values,
        )
        return 0
      }
      if (verb.isFinal) await confirm(rows, values)
      const hooks = verb.hasHooks ? await hooksInFiles(rows, values) : {}
      using progress = progressFor(process.stderr, values)
      using _interrupt = onInterrupt(progress, 'what is done stays.')
      return (await inOrder(rows, { ...verb, progress, atOnce: parallelLimit() }, (row) =>
        verb.act(row, values, { all, progress, hooks, printed }),
      ))
        ? 0
        : 1
    },
  }
}

/** Containers of services that the file does not have are left alone. What is wrong with it keeps nothing from being ended; then there are none. */
async function declaredIfKnown(values: Values): Promise<readonly string[] | undefined> {
  try {
    return await declaredServices(values)
  } catch (error) {
    if (idOf(error) !== 'compose.no-file')
      say(`warning: containers of services that the Compose file does not have count, too: ${messageOf(error)}`, process.stderr)
    return undefined
  }
}

/** Nobody is asked where nobody can answer. */
async function confirm(rows: readonly ContainerRow[], values: Values): Promise<void> {
  if (values['force'] === true || rows.length === 0) return
  const question = `Going to remove ${rows.map(serviceOf).join(', ')}\nAre you sure? [yN] `
  if (await confirmed(question, { what: `${rows.length} containers are to be removed`, by: '--force' })) return
  throw new GalleyError('invalid', 'nothing was removed')
}
