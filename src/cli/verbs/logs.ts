import { GalleyError } from '#base/error.ts'
import { hasColors } from '../colors.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions, projectOptions, withoutLetters } from '../options.ts'
import { formOf, outputOptions } from '../output.ts'
import { directoryAndServices, nameOfProject, requiredName, type NamedProject } from '../project.ts'
import { secondsOf } from '../time.ts'
import { containersIfAny, containersNamed, numberOf, serviceOf, type ContainerRow } from './containers.ts'
import { followLogs } from './follow-logs.ts'
import { LogPrinter, type Looks } from './log-printer.ts'

const syntax = {
  usage: 'logs [DIR] [SERVICE…]',
  does: "Prints what a project's containers wrote, each line under its container's name. Where there is no project, containers are named instead of services.",
  operands: Infinity,
  options: {
    // -f is taken here.
    ...withoutLetters(projectOptions, 'f'),
    follow: { type: 'boolean', short: 'f', does: 'go on with what they write from now on' },
    tail: { type: 'string', short: 'n', value: 'LINES', does: 'only the last lines of each' },
    since: { type: 'string', value: 'TIME', does: 'only what was written after a time, or in the last 10m, 2h, …' },
    until: { type: 'string', value: 'TIME', does: 'only what was written before it' },
    timestamps: { type: 'boolean', short: 't', does: 'when each line was written' },
    index: { type: 'string', value: 'N', does: "only the service's container of this number" },
    'no-color': { type: 'boolean', does: 'prefixes without colour' },
    'no-log-prefix': { type: 'boolean', does: 'lines as they were written' },
    ...outputOptions,
  },
} as const satisfies Syntax

export const logs: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const { directory, services } = directoryAndServices(positionals)
    const form = formOf(values)
    const wanted = (row: Pick<ContainerRow, 'Labels'>): boolean => values.index === undefined || numberOf(row) === Number(values.index)
    const project = await projectOrNone(values, { directory, services })
    const rows = (project === undefined ? await containersNamed(services) : await containersIfAny(project, services, values)).filter(wanted)
    if (values.index !== undefined && project !== undefined) checkNumber(services, rows, values.index)
    const looks: Looks = {
      query: new URLSearchParams({
        follow: values.follow === true ? '1' : '0',
        tail: tailOf(values.tail),
        timestamps: values.timestamps === true || form !== 'text' ? '1' : '0',
        ...(values.since !== undefined && { since: secondsOf(values.since) }),
        ...(values.until !== undefined && { until: secondsOf(values.until) }),
      }),
      form,
      prefix: values['no-log-prefix'] !== true,
      color: values['no-color'] !== true && hasColors(process.stdout),
    }
    const printer = new LogPrinter(looks, rows)
    if (values.follow !== true) await Promise.all(rows.map((row) => printer.show(row)))
    else {
      const nameIn = (Labels: ContainerRow['Labels']): string => (project === undefined ? (Labels['name'] ?? '') : serviceOf({ Labels }))
      const isShown = (Labels: ContainerRow['Labels']): boolean =>
        (services.length === 0 || services.includes(nameIn(Labels))) && wanted({ Labels })
      await followLogs(rows, { project, printer, isShown, until: Number(looks.query.get('until') ?? Infinity) * 1000 })
    }
    return 0
  },
}

/** A service by name must have a container of the number. Throws `not found`. */
function checkNumber(services: readonly string[], rows: readonly ContainerRow[], index: string): void {
  const without = services.find((service) => !rows.some((row) => serviceOf(row) === service))
  if (without === undefined) return
  throw new GalleyError('not found', `service "${without}" is not running container #${index}`, {
    code: 'compose.no-containers',
    subject: without,
  })
}

/** Where there is no project, what was named may be containers. Throws `not found`. */
async function projectOrNone(
  values: NamedProject,
  { directory, services }: { readonly directory: string | undefined; readonly services: readonly string[] },
): Promise<string | undefined> {
  return services.length > 0 && directory === undefined ? await nameOfProject(values) : await requiredName(values, directory)
}

/** Throws `invalid`: the engine takes what is no number for all. */
function tailOf(text = 'all'): string {
  if (/^(all|-?\d+)$/.test(text)) return text
  throw new GalleyError('invalid', `--tail takes a number of lines, or all, not "${text}"`, { code: 'cli.option-value', subject: text })
}
