import { contextOf } from '../build/reading.ts'
import { buildSyntax } from '../build/syntax.ts'
import type { Command } from '../command.ts'
import { parseOptions } from '../options.ts'

/** `galley build`: images of a project's services, or one image as docker build makes it. */
export const build: Command = {
  syntax: buildSyntax,
  async run(args) {
    const { values, positionals } = parseOptions(args, buildSyntax)
    const context = contextOf(values, positionals)
    if (context === undefined) return await (await import('./project-build.ts')).buildProject(values, positionals)
    const { buildOne } = await import('../build/image.ts')
    return await buildOne(values, context)
  },
}
