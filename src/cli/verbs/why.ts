import { existsSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import type { Project } from '#compose/model/model.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { report, reportOptions } from '../report.ts'
import { directoryAndServices, readProject, type NamedProject } from '../project.ts'

const syntax = {
  usage: 'why [DIR] [SERVICE…] | CONTAINER | IMAGE | NETWORK | VOLUME | :PORT',
  does: `Tells how the services of a project are, and explains those that are not up: what was seen, why, and what helps. Services that are named are
looked at more closely: whether they reach the databases that their variables name. What is no service is a container, an image, a network or a
volume by its name or id, or a port of this machine: who has it, who uses it, and what is wrong with it.
Exit code 1 when something is not as it should be. Findings are told in Korean where the locale is.`,
  operands: Infinity,
  options: {
    ...projectOptions,
    advice: { type: 'boolean', does: 'tell advice too: what stops nothing, and people who know would do' },
    ...reportOptions,
  },
} as const satisfies Syntax

export const why: Command = {
  syntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, syntax)
    const question = await read(values, positionals)
    const wishes = { ...values, parts: ['services', 'findings'] } as const
    if ('things' in question) return await report(await ask('/galley/v1/why', { method: 'POST', body: { words: question.things } }), wishes)
    return await report(
      await ask(`/galley/v1/projects/${question.project.name}/why`, {
        method: 'POST',
        body: { ...question, advice: values.advice === true },
      }),
      wishes,
    )
  },
}

/** What is asked about: services of a project, or things that are none. */
type Question = { readonly project: Project; readonly services: readonly string[] } | { readonly things: readonly string[] }

async function read(values: NamedProject, operands: readonly string[]): Promise<Question> {
  if (operands.length > 0 && operands.every(isNoService)) return { things: operands }
  const { directory, services } = directoryAndServices(operands)
  const project = await projectFor(values, directory, services)
  if (project === undefined) return { things: services }
  const things = services.filter((name) => !Object.hasOwn(project.services, name))
  if (things.length === 0) return { project, services }
  if (things.length === services.length) return { things }
  throw new GalleyError('invalid', `${things.join(', ')}: no service of the project ${project.name}`, {
    subject: things[0] ?? '',
    advice: 'Ask about services of the project and about other things apart.',
  })
}

/** A port, or an image's name that is no directory here. */
function isNoService(word: string): boolean {
  return word.startsWith(':') || (/^[^./].*[/:]/.test(word) && !existsSync(word))
}

/** Undefined where there is no project and it isn't needed: a thing is asked about. */
async function projectFor(values: NamedProject, directory: string | undefined, words: readonly string[]): Promise<Project | undefined> {
  try {
    return await readProject(values, directory)
  } catch (error) {
    if (words.length > 0 && directory === undefined && error instanceof GalleyError && error.code === 'compose.no-file') return undefined
    throw error
  }
}
