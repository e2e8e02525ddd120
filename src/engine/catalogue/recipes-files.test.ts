import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { recipeFiles } from './part-key.ts'
import { recipes } from './recipes.ts'

const steps = recipes
  .flatMap(({ variants }) => variants)
  .flatMap(({ parts }) => parts)
  .flatMap((part) => (part.kind === 'dockerfile' ? [part] : []))

test('each recipe has its Dockerfile, and each Dockerfile its recipe', () => {
  const named = new Set(steps.map(({ folders }) => `${folders[0]}/Dockerfile`))
  assert.deepEqual(globSync('*/Dockerfile', { cwd: recipeFiles }).toSorted(), [...named].toSorted())
})

test('what a Dockerfile copies or mounts is among the files that its part is known by', () => {
  for (const { folders } of steps) {
    const text = readFileSync(`${recipeFiles}/${folders[0]}/Dockerfile`, 'utf8')
    const copied = [...text.matchAll(/^COPY (?:--\S+ )*(.*) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '))
    const mounted = [...text.matchAll(/--mount=source=([^,]+),/g)].map(([, source = '']) => source)
    for (const path of [...copied, ...mounted]) {
      assert.ok(existsSync(`${recipeFiles}/${path}`), path)
      assert.ok(path === 'debian/install.sh' || folders.includes(path.split('/')[0] ?? ''), `${folders[0]}: ${path}`)
    }
  }
})

test('each argument that a recipe gives is one of its Dockerfile', () => {
  for (const { folders, args } of steps) {
    const text = readFileSync(`${recipeFiles}/${folders[0]}/Dockerfile`, 'utf8')
    for (const name of Object.keys(args ?? {})) assert.match(text, new RegExp(`^ARG ${name}\\b`, 'm'))
  }
})
