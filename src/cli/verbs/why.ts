import { existsSync } from 'node:fs'
import { GalleyError, idOf, withAdvice } from '#base/error.ts'
import { nearest } from '#base/nearest.ts'
import type { Project } from '#compose/model/model.ts'
import type { Command, Syntax } from '../command.ts'
import { ask } from '../connect.ts'
import { parseOptions, projectOptions } from '../options.ts'
import { report, reportOptions } from '../report.ts'
import { directoryAndServices, readProject, type NamedProject } from '../project.ts'

const syntax = {
  usage: 'why [DIR] [SERVICE…] | CONTAINER | IMAGE | NETWORK | VOLUME | :PORT | URL',
  does: `Tells how the services of a project are, and explains those that are not up: what was seen, why, and what helps. Services that are named are
looked at more closely: whether they reach the databases that their variables name. What is no service is a container, an image, a network or a
volume by its name or id, or a port or an address of this machine: who has it, who uses it, what it answers, and what is wrong with it.
A project that is named by -p is read from where it was started.
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
    try {
      return await answer(question, values)
    } catch (error) {
      // What is nothing else may be a project elsewhere.
      const [name, ...others] = 'things' in question ? question.things : []
      const made = idOf(error) === 'why.not-found' && name !== undefined && others.length === 0 ? await elsewhere(values, name) : undefined
      if (made === undefined) throw error
      return await answer(made, values)
    }
  },
}

type Values = NamedProject & Omit<Parameters<typeof report>[1], 'parts'> & { readonly advice?: boolean | undefined }

async function answer(question: Question, values: Values): Promise<number> {
  try {
    return await asked(question, values)
  } catch (error) {
    const meant = 'things' in question ? nearest(question.things[0] ?? '', question.services ?? []) : undefined
    throw meant !== undefined && error instanceof GalleyError && error.code === 'why.not-found'
      ? withAdvice(error, `Did you mean ${meant}?`)
      : error
  }
}

async function asked(question: Question, values: Values): Promise<number> {
  const [path, body] =
    'things' in question
      ? ['/galley/v1/why', { words: question.things }]
      : [`/galley/v1/projects/${question.project.name}/why`, { ...question, advice: values.advice === true }]
  return await report(await ask(path, { method: 'POST', body }), { ...values, parts: ['services', 'findings'] })
}

/** A project by its name; undefined where no containers are of it. */
async function elsewhere(values: NamedProject, name: string): Promise<Question | undefined> {
  try {
    return await madeQuestion({ ...values, 'project-name': name }, { directory: undefined, services: [] })
  } catch (error) {
    if (['compose.no-containers', 'compose.project-name'].includes(idOf(error))) return undefined
    throw error
  }
}

/** What is asked about: services of a project, or things that are none. */
type Question = { readonly project: Project; readonly services: readonly string[] } | Things

interface Things {
  readonly things: readonly string[]
  /** Those of the project that is here. */
  readonly services?: readonly string[]
}

async function read(values: NamedProject, operands: readonly string[]): Promise<Question> {
  if (operands.length > 0 && operands.every(isNoService)) return { things: operands }
  const named = directoryAndServices(operands)
  const { directory, services } = named
  const project = await filesHere(values, directory)
  if (project instanceof GalleyError) {
    if (services.length === 0 || directory !== undefined) return (await madeQuestion(values, named)) ?? thrown(project)
    return (await ofServices(values, named)) ?? { things: services }
  }
  const things = services.filter((name) => !Object.hasOwn(project.services, name))
  if (things.length === 0) return { project, services }
  if (things.length === services.length) return { things, services: Object.keys(project.services) }
  throw new GalleyError('invalid', `${things.join(', ')}: no service of the project ${project.name}`, {
    subject: things[0] ?? '',
    advice: 'Ask about services of the project and about other things apart.',
  })
}

/** A port, or an image's name that is no directory here. */
function isNoService(word: string): boolean {
  return word.startsWith(':') || (/^[^./].*[/:]/.test(word) && !existsSync(word))
}

/** The project of the files that are meant, or why there are none. */
async function filesHere(values: NamedProject, directory: string | undefined): Promise<Project | GalleyError> {
  try {
    return await readProject(values, directory)
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'compose.no-file') return error
    throw error
  }
}

/** Undefined where the words are no services of a project whose files are elsewhere, or gone: they may be things. */
async function ofServices(values: NamedProject, named: ReturnType<typeof directoryAndServices>): Promise<Question | undefined> {
  try {
    return await madeQuestion(values, named)
  } catch (error) {
    if (['compose.no-service', 'compose.no-containers'].includes(idOf(error))) return undefined
    throw error
  }
}

async function madeQuestion(values: NamedProject, named: ReturnType<typeof directoryAndServices>): Promise<Question | undefined> {
  const { madeProject } = await import('../made-project.ts')
  const made = await madeProject(values, named)
  if (made === undefined) return undefined
  return 'containers' in made ? { things: made.containers } : { project: made.project, services: named.services }
}

function thrown(error: GalleyError): never {
  throw error
}
