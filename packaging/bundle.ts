import { build, type Plugin } from 'esbuild'
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Puts each of Galley's lasting processes, and each thread that they start, into one file: a module costs memory and start-up time of
 * its own, and the daemon has more than 300. Names stay as they are, so that a stack trace can be read.
 */
const programs = ['cli/serve', 'cli/dispatch', 'keeper/main', 'content/layers/unpack-worker', 'registry/access/bcrypt-worker']

const home = fileURLToPath(new URL('..', import.meta.url))

/**
 * Takes from Node's own modules only what is used. An `import` of one reads every export, some of which load modules of their own when
 * they are read: 90 of them, 4 MB in each process.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:|[a-z])/ }, ({ path }) => {
      const name = path.replace('node:', '')
      return path.startsWith('node:') || builtinModules.includes(name) ? { path: `node:${name}`, namespace: 'builtins' } : undefined
    })
    onLoad({ filter: /./, namespace: 'builtins' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => /^[a-z]\w*$/i.test(name))
      // With an underscore, as some are named like reserved words.
      const exports = names.map((name) => `const _${name} = /* @__PURE__ */ take('${name}'); export { _${name} as ${name} };`)
      return {
        contents: `const all = process.getBuiltinModule('${path}'); const take = (name) => all[name]; export default all;\n${exports.join('\n')}`,
      }
    })
  },
}

/**
 * Writes `dist/PROGRAM.js` and `dist/inputs.json`: what was read, as the time of its last change in milliseconds and its size
 * (`cli/newest.ts` compares them). Each file is replaced at once: a daemon that starts meanwhile reads an old or a new one.
 * Resolves with the programs' names.
 */
export async function bundle(): Promise<readonly string[]> {
  const started = Date.now()
  const { outputFiles, metafile } = await build({
    absWorkingDir: home,
    entryPoints: programs.map((name) => `src/${name}.ts`),
    outdir: 'dist',
    outbase: 'src',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    plugins: [builtins],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  for (const { path, text } of outputFiles) replace(path, inAscii(pointingAtJavaScript(text)))
  const read = Object.keys(metafile.inputs).filter((path) => !path.startsWith('builtins:'))
  const inputs = read.map((path) => {
    const { mtimeMs, size } = statSync(`${home}${path}`)
    // Changed while it was being read: it counts as changed once more.
    return [path, mtimeMs < started ? mtimeMs : 0, size]
  })
  replace(`${home}dist/inputs.json`, JSON.stringify(inputs))
  return programs
}

/** What is found at run time, the keeper and the thread, are files beside this one. */
function pointingAtJavaScript(text: string): string {
  return text.replaceAll(/(import\.meta\.resolve\("#[^"]*)\.ts"/g, '$1.js"')
}

/** A single other letter, which the bundler leaves in a regular expression or in a comment, makes V8 keep the whole text in twice the memory. */
function inAscii(text: string): string {
  return text.replaceAll(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const part = `${path}.${process.pid}`
  writeFileSync(part, text)
  renameSync(part, path)
}

if (import.meta.main) await bundle()
