import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname } from 'node:path'

/**
 * `npm pack` runs this first: writes `dist/`, the sources as plain JavaScript, because Node strips no types inside `node_modules`.
 * Types become blanks, so that lines and columns in a stack trace are those of the source.
 */
const tests = /\.test\.ts$|\/suite(-model)?\.ts$|crash-writer\.ts$|memory-content\.ts$|fixture/

rmSync('dist', { recursive: true, force: true })
for (const path of globSync('src/**/*.ts').filter((source) => !tests.test(source))) {
  const target = path.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js')
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, asJavaScript(readFileSync(path, 'utf8')))
}

/** Strips types; module names that end in .ts, of imports and of `import.meta.resolve`, end in .js. */
function asJavaScript(source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' }).replaceAll(/'((?:#|\.{1,2}\/)[^'\s]*)\.ts'/g, "'$1.js'")
}
