import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Puts each of Galley's lasting processes, and each thread that they start, into one file: a module costs memory and start-up time of
 * its own, and the daemon has more than 300. Names stay as they are, so that a stack trace can be read.
 */
const commands = ['cli/main', 'cli/dispatch']
const lasting = ['keeper/main', 'cli/ready', 'content/layers/unpack-worker', 'registry/access/bcrypt-worker']
/** In several files: what it loads by `import()` takes no memory before. */
const daemon = 'cli/serve'

const home = fileURLToPath(new URL('..', import.meta.url))
const door = `${home}dist/${daemon}.js`
const rooms = `${home}dist/rooms`

/**
 * Takes from Node's own modules only what is used. An `import` of one reads every export, some of which load modules of their own when
 * they are read: 90 of them, 4 MB in each process.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:|[a-z])/ }, ({ path, kind }) => {
      const name = path.replace('node:', '')
      if (!path.startsWith('node:') && !builtinModules.includes(name)) return undefined
      return { path: `node:${name}`, namespace: kind === 'require-call' ? 'required' : 'builtins' }
    })
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('${path}')` }))
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
 * Every room that is loaded later takes the program that loads it as loaded. The bundler, which puts together what the same entries
 * reach, would cut that into a file for each set of rooms that uses a part of it, 40 of them, otherwise.
 */
const afterProgram: Plugin = {
  name: 'after program',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /\.ts$/ }, async ({ path, kind, importer, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined
      return { path: (await resolve(path, { kind: 'import-statement', importer, resolveDir })).path, namespace: 'room' }
    })
    onLoad({ filter: /./, namespace: 'room' }, ({ path }) => ({
      contents: `import '${home}${sourceOf(daemon)}'; export * from '${path}'`,
      resolveDir: home,
    }))
  },
}

const options = {
  absWorkingDir: home,
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  platform: 'node' as const,
  format: 'esm' as const,
  target: 'node26',
  plugins: [builtins],
  metafile: true as const,
  write: false as const,
  logLevel: 'silent',
} satisfies BuildOptions

/**
 * Writes `dist/PROGRAM.js`, for the daemon `dist/rooms/` as well, and `dist/inputs/`: what was read for the commands and for all of it, as
 * the time of its last change in milliseconds and its size (`cli/newest.ts` compares them). Each file is replaced at once: a daemon that
 * starts meanwhile reads an old or a new one. Resolves with the paths of the files.
 */
export async function bundle(): Promise<readonly string[]> {
  const started = Date.now()
  const short = await build({ ...options, entryPoints: commands.map(sourceOf) })
  const long = await build({ ...options, entryPoints: lasting.map(sourceOf) })
  // Named by what they hold, so that the files of two versions can lie side by side.
  const names = { entryNames: 'rooms/[name]-[hash]', chunkNames: 'rooms/[name]-[hash]' }
  const plugins = [builtins, afterProgram]
  const split = await build({ ...options, ...names, plugins, entryPoints: [sourceOf(daemon)], splitting: true })
  for (const { path, text } of [short, long, split].flatMap(({ outputFiles }) => outputFiles))
    replace(path, inAscii(pointingAtJavaScript(text)))
  const before = roomsBehindDoor()
  replace(door, doorTo(split.metafile))
  const now = roomsBehindDoor()
  // A daemon of the version before may be about to open its own.
  for (const name of readdirSync(rooms))
    if (name.endsWith('.js') && ![...before, ...now].includes(name)) rmSync(`${rooms}/${name}`, { force: true })
  replace(`${home}dist/inputs/commands.json`, inputsOf([short.metafile], started))
  replace(`${home}dist/inputs/daemon.json`, inputsOf([short.metafile, long.metafile, split.metafile], started))
  return [...[...commands, ...lasting, daemon].map((name) => `dist/${name}.js`), ...now.map((name) => `dist/rooms/${name}`)]
}

function sourceOf(program: string): string {
  return `src/${program}.ts`
}

/** The one file of the daemon that keeps its name: tells the program what its files are. */
function doorTo({ outputs }: Metafile): string {
  const files = Object.entries(outputs).map(([path, { entryPoint }]) => ({
    name: basename(path),
    isFirst: entryPoint === sourceOf(daemon),
  }))
  const first = files.find(({ isFirst }) => isFirst)?.name
  return `import { serve as begin } from '../rooms/${first}'
const rooms = ${JSON.stringify(files.map(({ name }) => name))}
export const serve = (args) => begin(args, rooms)
`
}

function roomsBehindDoor(): readonly string[] {
  if (!existsSync(door)) return []
  const [, list = '[]'] = /^const rooms = (.*)$/m.exec(readFileSync(door, 'utf8')) ?? []
  return JSON.parse(list) as string[]
}

function inputsOf(metafiles: readonly Metafile[], started: number): string {
  const read = new Set(metafiles.flatMap(({ inputs }) => Object.keys(inputs)).filter((path) => !/^(builtins|required|room):/.test(path)))
  const inputs = [...read].map((path) => {
    const { mtimeMs, size } = statSync(`${home}${path}`)
    // Changed while it was being read: it counts as changed once more.
    return [path, mtimeMs < started ? mtimeMs : 0, size]
  })
  return JSON.stringify(inputs)
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
