import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { IncomingMessage } from 'node:http'
import type { Project } from '#compose/model/model.ts'
import type { Finding } from '#diagnose/finding.ts'
import type { Line } from '#faces/galley/line.ts'
import type { LintedDockerfile } from '#faces/galley/lint.ts'
import type { Command, Syntax } from '../command.ts'
import { contextScripts } from '../context-scripts.ts'
import { ask } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { collect } from '../progress.ts'
import { readProject } from '../project.ts'
import { diffOf, makeChange } from '../render/change.ts'
import { relative } from '../render/relative.ts'
import { report, reportOptions } from '../report.ts'
import { inWords } from '../words.ts'

const syntax = {
  usage: 'lint [DIR]',
  does: `Says what is likely to go wrong with a project, before anything runs: its Compose files and the Dockerfiles that they build.
Exit code 1 when something will not work. Each rule has a page in docs/rules.`,
  operands: 1,
  options: {
    ...projectOptions,
    strict: { type: 'boolean', does: 'exit code 1 for warnings too' },
    advice: { type: 'boolean', does: 'tell advice too: what stops nothing, and people who know would do' },
    fix: { type: 'boolean', does: 'make the changes that are shown and need nothing besides, then say what is left' },
    ...reportOptions,
  },
} as const satisfies Syntax

export const lint: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    if (values.fix === true) fixAll(await findingsOf(values, positionals[0]))
    return await report(await asked(values, positionals[0]), { ...values, parts: ['findings'] })
  },
}

type Values = ReturnType<typeof parseOptions<typeof syntax.options>>['values']

async function asked(values: Values, directory: string | undefined): Promise<IncomingMessage> {
  const project = await readProject(values, directory)
  const files = Object.fromEntries(project.files.map((path) => [path, textOf(path) ?? '']))
  const body = { project, files, dockerfiles: dockerfilesOf(project), strict: values.strict === true, advice: values.advice === true }
  return await ask(`/galley/v1/projects/${project.name}/lint`, { method: 'POST', body })
}

async function findingsOf(values: Values, directory: string | undefined): Promise<Finding[]> {
  const lines: Line[] = []
  await collect(await asked(values, directory), { progress: 'quiet', interrupted: 'nothing was changed.' }, lines)
  return lines.flatMap((line) => (line.type === 'finding' ? [line.finding] : []))
}

/** Makes the changes that need nothing besides, and says which. */
function fixAll(findings: readonly Finding[]): void {
  const changes = findings.flatMap(({ rule, fix: { change } }) =>
    change === undefined || change.needs !== undefined ? [] : [{ rule, change }],
  )
  // Lines move when others come between them.
  for (const { rule, change } of changes.toSorted((a, b) => Number('puts' in a.change) - Number('puts' in b.change))) {
    const diff = diffOf(change)
    if (makeChange(change)) process.stderr.write(`${relative([`${inWords('Changed:')} [${rule}]`, ...diff].join('\n'), process.cwd())}\n\n`)
  }
}

/** Those that are files of this machine. */
function dockerfilesOf({ services }: Project): LintedDockerfile[] {
  return Object.values(services).flatMap(({ name, build }) => {
    if (build === undefined || /^[a-z]+:\/\//.test(build.context)) return []
    const path = resolve(build.context, build.dockerfile)
    const text = textOf(path)
    const ignore = textOf(`${path}.dockerignore`) ?? textOf(resolve(build.context, '.dockerignore')) ?? ''
    return text === undefined
      ? []
      : [{ service: name, path, text, ignore: ignore.split(/\r?\n/), scripts: contextScripts(resolve(build.context), text) }]
  })
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
