import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname } from 'node:path'
import { bundle } from './bundle.ts'

/**
 * `npm pack` runs this first: writes `dist/`, the sources as plain JavaScript, because Node strips no types inside `node_modules`.
 * Types become blanks, so that lines and columns in a stack trace are those of the source. What runs is bundled (bundle.ts).
 */
const tests = /\.test\.ts$|\/suite(-model)?\.ts$|crash-writer\.ts$|memory-content\.ts$|fixture/

const bundles = await bundle()
const modules = globSync('src/**/*.ts')
  .filter((source) => !tests.test(source))
  .map((source) => ({ source, target: source.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js') }))
  .filter(({ target }) => !bundles.includes(target))
for (const { source, target } of modules) {
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, asJavaScript(readFileSync(source, 'utf8')))
}
// What is needed stays in its place: a daemon of this checkout may be running.
const wanted = new Set([...bundles, ...modules.map(({ target }) => target)])
for (const path of globSync('dist/**/*.js')) if (!wanted.has(path)) unlinkSync(path)

const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], { encoding: 'utf8' })
writeFileSync('dist/build.json', JSON.stringify({ commit: status === 0 ? stdout.trim() : 'unknown', time: new Date().toISOString() }))

/** Strips types; module names that end in .ts, of imports and of `import.meta.resolve`, end in .js. */
function asJavaScript(source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' }).replaceAll(/'((?:#|\.{1,2}\/)[^'\s]*)\.ts'/g, "'$1.js'")
}
