import { defaults } from '#daemon/defaults.ts'
import type { Command, Syntax } from '../command.ts'
import { parseOptions } from '../options.ts'
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
  options: {},
} as const satisfies Syntax

export const doctor: Command = {
  syntax,
  async run(args) {
    parseOptions(args, syntax)
    const findings = await examine()
    for (const { level, what, fix } of findings) process.stdout.write(`${marks[level]} ${what}${fix === undefined ? '' : `\n    ${fix}`}\n`)
    const failures = findings.filter(({ level }) => level === 'failure').length
    process.stdout.write(failures === 0 ? '\nContainers can run here.\n' : `\n${failures} of ${findings.length} checks failed.\n`)
    return failures === 0 ? 0 : 6
  },
}

async function examine(): Promise<Finding[]> {
  return [...kernel(), ...cgroups(), ...packages(), ...(await ports()), ...disk(defaults.data), ...(await firewalls())]
}
