import { createHash } from 'node:crypto'
import { cpSync, createWriteStream, existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'
import { GalleyError } from '#base/error.ts'
import { packLayer } from '#content/layers/pack.ts'
import { runConfined } from '#host/process/confined.ts'
import type { RunResult } from '#host/process/run.ts'
import { acquireOptions, confOf } from './apt-options.ts'
import { installedBusybox, makeBusybox } from './busybox.ts'
import type { LayerRecipe, Suite } from './recipe.ts'
import { aptStatusReader, readBootstrapLine, type Progress } from './progress.ts'
import { publicArchive } from './public-archive.ts'
import { sourcesFor } from './sources.ts'

/** Where and with what a layer is made. */
export interface Around {
  /** An empty directory. */
  readonly work: string
  /** The root file system below, unpacked; empty for a base. */
  readonly lower: readonly string[]
  /** The daemon's proxies. */
  readonly proxies: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly progress: Progress
}

export interface Made {
  /** A gzip'd tar in the work directory. */
  readonly file: string
  readonly versions: Readonly<Record<string, string>>
}

const scripts = fileURLToPath(new URL('../../../images', import.meta.url))

type Maker<Kind extends LayerRecipe['kind']> = (recipe: Extract<LayerRecipe, { kind: Kind }>, around: Around) => Promise<Made>

const makers: { readonly [Kind in LayerRecipe['kind']]: Maker<Kind> } = {
  base: makeBase,
  packages: addPackages,
  busybox: aroundBusybox,
}

/** Makes one layer. Throws `unavailable` when programs are missing or packages can't be had. */
export function makeLayer(recipe: LayerRecipe, around: Around): Promise<Made> {
  return (makers[recipe.kind] as Maker<typeof recipe.kind>)(recipe as never, around)
}

/** What a layer depends on: its recipe, the files that it is made with and the layer below. */
export function keyOf(recipe: LayerRecipe, below: string): string {
  const hash = createHash('sha256').update(`${process.arch} ${below} ${JSON.stringify(recipe)}`)
  for (const path of partsOf(recipe).flatMap(filesUnder)) hash.update(`\0${path}\0`).update(readFileSync(`${scripts}/${path}`))
  if (recipe.kind === 'busybox' && recipe.suite === undefined)
    hash.update(String(statSync(installedBusybox, { throwIfNoEntry: false })?.mtimeMs))
  return hash.digest('hex')
}

/** The files and folders that a layer is made with. */
function partsOf(recipe: LayerRecipe): readonly string[] {
  switch (recipe.kind) {
    case 'base':
      return ['debian/make-base.sh', 'debian/finish-base.sh', 'debian/slim.dpkg']
    case 'packages':
      return ['debian/add-packages.sh', ...(recipe.files ?? []), ...(recipe.setup === undefined ? [] : [recipe.setup])]
    case 'busybox':
      return recipe.suite === undefined ? [] : ['debian/fetch-package.sh']
  }
}

function filesUnder(path: string): string[] {
  if (statSync(`${scripts}/${path}`).isFile()) return [path]
  return globSync(`${path}/**`, { cwd: scripts })
    .filter((name) => statSync(`${scripts}/${name}`).isFile())
    .toSorted()
}

async function makeBase({ suite }: Extract<LayerRecipe, { kind: 'base' }>, around: Around): Promise<Made> {
  need('/usr/bin/mmdebstrap', 'mmdebstrap')
  await writeSettings(suite, around)
  const onLine = (line: string): void => readBootstrapLine(line, around.progress)
  const result = await runConfined(`${scripts}/debian/make-base.sh`, [suite, around.work, publicArchive() ?? ''], {
    environment: environmentOf(around),
    onLine,
  })
  check(result, `Debian ${suite}`)
  return { file: `${around.work}/layer.tar.gz`, versions: {} }
}

async function addPackages(recipe: Extract<LayerRecipe, { kind: 'packages' }>, around: Around): Promise<Made> {
  const { work, lower, progress } = around
  need('/usr/bin/apt-get', 'apt')
  await writeSettings(recipe.suite, around)
  for (const folder of recipe.files ?? []) cpSync(`${scripts}/${folder}`, `${work}/files`, { recursive: true })
  if (recipe.setup !== undefined) cpSync(`${scripts}/${recipe.setup}`, `${work}/setup.sh`)
  const result = await runConfined(`${scripts}/debian/add-packages.sh`, [work, lower.toReversed().join(':'), ...recipe.packages], {
    environment: environmentOf(around),
    onLine: aptStatusReader(progress),
  })
  check(result, recipe.packages.join(', '))
  progress('Packing')
  const file = `${work}/layer.tar.gz`
  await pipeline(Readable.from(packLayer(`${work}/upper`)), createGzip({ level: 1 }), createWriteStream(file))
  return { file, versions: versionsIn(readFileSync(`${work}/versions`, 'utf8')) }
}

async function aroundBusybox({ suite }: Extract<LayerRecipe, { kind: 'busybox' }>, around: Around): Promise<Made> {
  return makeBusybox(suite === undefined ? installedBusybox : await fetchBusybox(suite, around), around.work)
}

async function fetchBusybox(suite: Suite, around: Around): Promise<string> {
  need('/usr/bin/apt-get', 'apt')
  await writeSettings(suite, around)
  around.progress('Downloading packages')
  const args = [around.work, 'busybox-static']
  check(await runConfined(`${scripts}/debian/fetch-package.sh`, args, { environment: environmentOf(around) }), 'busybox')
  return `${around.work}/package/usr/bin/busybox`
}

/** How packages are fetched, for the programs that make the layer; the scripts see to it that it doesn't stay in there. */
async function writeSettings(suite: Suite, { work }: Around): Promise<void> {
  writeFileSync(`${work}/sources.list`, `${(await sourcesFor(suite)).join('\n')}\n`)
  writeFileSync(`${work}/apt.conf`, confOf(await acquireOptions()))
}

/** Files count as written at the day's beginning, so that a layer made twice is the same one. */
function environmentOf({ proxies, now }: Around): Record<string, string> {
  const day = 24 * 3600
  return { ...proxies, SOURCE_DATE_EPOCH: String(Math.floor(now / 1000 / day) * day) }
}

function need(program: string, debianPackage: string): void {
  if (existsSync(program)) return
  throw new GalleyError('unavailable', `making images from Debian's packages needs ${program}, which is not installed`, {
    code: 'stand-in.no-program',
    subject: program,
    advice: `apt-get install ${debianPackage}`,
  })
}

function check({ code, stdout, stderr }: RunResult, what: string): void {
  if (code === 0) return
  const last = (stderr.trim() || stdout.trim()).split('\n').slice(-6).join('\n')
  throw new GalleyError('unavailable', `${what} could not be made from Debian's packages: ${last}`, {
    code: 'stand-in.failed',
    advice: "Check that apt-get update works on this machine: Galley uses apt's own configuration.",
  })
}

/** `mysql-server-core 9.7.4-2`, one a line. */
function versionsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ') as [string, string]),
  )
}
