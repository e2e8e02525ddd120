import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Project } from '#compose/model/model.ts'
import type { LintedDockerfile } from '#faces/galley/lint.ts'
import type { Command, Syntax } from '../command.ts'
import { contextScripts } from '../context-scripts.ts'
import { ask } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { report, reportOptions } from '../report.ts'
import { readProject } from '../project.ts'

const syntax = {
  usage: 'lint [DIR]',
  does: `Says what is likely to go wrong with a project, before anything runs: its Compose files and the Dockerfiles that they build.
Exit code 1 when something will not work. Each rule has a page in docs/rules.`,
  operands: 1,
  options: { ...projectOptions, strict: { type: 'boolean', does: 'exit code 1 for warnings too' }, ...reportOptions },
} as const satisfies Syntax

export const lint: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const project = await readProject(values, positionals[0])
    const files = Object.fromEntries(project.files.map((path) => [path, textOf(path) ?? '']))
    const body = { project, files, dockerfiles: dockerfilesOf(project), strict: values.strict === true }
    const response = await ask(`/galley/v1/projects/${project.name}/lint`, { method: 'POST', body })
    return await report(response, { ...values, parts: ['findings'] })
  },
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
