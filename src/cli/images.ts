import type { CatalogueList } from '#faces/galley/catalogue.ts'
import type { Command, Syntax } from './command.ts'
import { askJson } from './connect.ts'
import { parseOptions } from './options.ts'
import { outputOptions, tell } from './output.ts'
import { images as ofProject } from './verbs/images.ts'
import { inWords } from './words.ts'

const syntax = {
  usage: 'images catalogue',
  does: "Lists the images that Galley makes from Debian's packages when no registry can be reached, and how they differ from those of these names.",
  operands: 1,
  options: outputOptions,
} as const satisfies Syntax

/** `galley images`: those of a project's containers; with the word `catalogue`, those that can be made here. */
export const images: Command = {
  syntax: {
    ...ofProject.syntax,
    does: `${ofProject.syntax.does}\ngalley images catalogue lists the images that can be made here without a registry.`,
  },
  run: (args) => (args[0] === 'catalogue' ? catalogue(args) : ofProject.run(args)),
}

async function catalogue(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(args, syntax)
  const entries = await askJson<CatalogueList>('/galley/v1/catalogue')
  const names = entries.flatMap(({ repository, tags }) => tags.map((tag) => `${repository}:${tag}`))
  await tell({ data: entries, names, text: () => entries.map(paragraph).join('') }, values)
  return 0
}

/** Tags differ so much in number and length that columns would be wider than any screen. */
function paragraph({ repository, tags, differs, made }: CatalogueList[number], at: number, all: CatalogueList): string {
  const head = all[at - 1]?.repository === repository ? '' : `${repository}\n`
  return `${head}  ${tags.join(' ')}\n      ${inWords(differs)}${made ? inWords(' (made here)') : ''}\n`
}
