import { locate } from '#daemon/locate.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions } from '../options.ts'
import { outputOptions, tell } from '../output.ts'
import { columnsOf, wrapped } from '../render/wrap.ts'
import { inWords } from '../words.ts'
import { apparmor } from './apparmor.ts'
import { cgroups } from './cgroups.ts'
import { disk } from './disk.ts'
import { firewalls } from './firewalls.ts'
import type { Finding } from './finding.ts'
import { kernel } from './kernel.ts'
import { packages } from './packages.ts'
import { ports } from './ports.ts'

const marks = { ok: '✔', warning: '!', failure: '✘' } as const

const syntax = {
  usage: 'doctor',
  does: 'Says what this machine has and lacks, and the line that mends it. Exit code 6 when something essential is missing.',
  options: outputOptions,
} as const satisfies Syntax

export const doctor: Command = {
  syntax,
  async run(args) {
    const { values } = parseOptions(args, syntax)
    const findings = await examine()
    const failures = findings.filter(({ level }) => level === 'failure').length
    await tell({ data: findings, names: findings.map(({ what }) => what), text: () => textOf(findings, failures) }, values)
    return failures === 0 ? 0 : 6
  },
}

function textOf(findings: readonly Finding[], failures: number): string {
  const columns = columnsOf(process.stdout)
  // What mends it is copied: it stays in one line.
  const lines = findings.map(
    ({ level, what, fix }) =>
      `${wrapped(`${marks[level]} ${inWords(what)}`, columns, 2)}${fix === undefined ? '' : `\n    ${inWords(fix)}`}\n`,
  )
  return `${lines.join('')}\n${inWords(failures === 0 ? 'Containers can run here.' : `${failures} of ${findings.length} checks failed.`)}\n`
}

async function examine(): Promise<Finding[]> {
  return [
    ...kernel(),
    ...cgroups(),
    ...apparmor(),
    ...packages(),
    ...(await ports()),
    ...disk(locate({}, process.env).data),
    ...(await firewalls()),
  ]
}
