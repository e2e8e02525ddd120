import { createHash } from 'node:crypto'
import { globSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Digest } from '#base/digest.ts'
import { home } from '#base/home.ts'
import { installedBusybox } from './busybox.ts'
import type { PartRecipe } from './recipe.ts'

/** Dockerfiles and what they copy, and the scripts that make the parts below them. */
export const recipeFiles = fileURLToPath(new URL('images', home))

/** What a part depends on: its recipe, the files that it is made with, and the layers below, as dpkg's records are of all layers together. */
export function keyOf(recipe: PartRecipe, below: readonly Digest[]): string {
  const hash = createHash('sha256').update(JSON.stringify([process.arch, below, recipe]))
  for (const path of sourcesOf(recipe).flatMap(filesUnder)) {
    const { mode } = statSync(`${recipeFiles}/${path}`)
    hash.update(`\0${path} ${mode & 0o111}\0`).update(readFileSync(`${recipeFiles}/${path}`))
  }
  if (recipe.kind === 'busybox' && recipe.suite === undefined)
    hash.update(String(statSync(installedBusybox, { throwIfNoEntry: false })?.mtimeMs))
  return hash.digest('hex')
}

/** The files and folders that a part is made with. */
function sourcesOf(recipe: PartRecipe): readonly string[] {
  switch (recipe.kind) {
    case 'base':
      return ['debian/make-base.sh', 'debian/finish-base.sh', 'debian/slim.dpkg']
    case 'dockerfile':
      return ['debian/install.sh', ...recipe.folders]
    case 'busybox':
      return recipe.suite === undefined ? [] : ['debian/fetch-package.sh']
  }
}

function filesUnder(path: string): string[] {
  if (statSync(`${recipeFiles}/${path}`).isFile()) return [path]
  return globSync(`${path}/**`, { cwd: recipeFiles })
    .filter((name) => statSync(`${recipeFiles}/${name}`).isFile())
    .toSorted()
}
