import { existsSync, writeFileSync } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { runConfined } from '#host/process/confined.ts'
import type { RunResult } from '#host/process/run.ts'
import { acquireOptions, confOf } from './apt-options.ts'
import { installedBusybox, makeBusybox } from './busybox.ts'
import { recipeFiles } from './part-key.ts'
import { readBootstrapLine, type Progress } from './progress.ts'
import { publicArchive } from './public-archive.ts'
import type { PartRecipe, Suite } from './recipe.ts'
import { sourcesFor } from './sources.ts'

/** Where and with what a layer is made. */
export interface Around {
  /** An empty directory. */
  readonly work: string
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

/** A part that is one layer. */
export type LayerRecipe = Exclude<PartRecipe, { kind: 'dockerfile' }>

type Maker<Kind extends LayerRecipe['kind']> = (recipe: Extract<LayerRecipe, { kind: Kind }>, around: Around) => Promise<Made>

const makers: { readonly [Kind in LayerRecipe['kind']]: Maker<Kind> } = { base: makeBase, busybox: aroundBusybox }

/** Makes one layer from nothing. Throws `unavailable` when programs are missing or packages can't be had. */
export function makeLayer(recipe: LayerRecipe, around: Around): Promise<Made> {
  return (makers[recipe.kind] as Maker<typeof recipe.kind>)(recipe as never, around)
}

async function makeBase({ suite }: Extract<LayerRecipe, { kind: 'base' }>, around: Around): Promise<Made> {
  need('/usr/bin/mmdebstrap', 'mmdebstrap')
  await writeSettings(suite, around)
  const onLine = (line: string): void => readBootstrapLine(line, around.progress)
  const result = await runConfined(`${recipeFiles}/debian/make-base.sh`, [suite, around.work, publicArchive() ?? ''], {
    environment: environmentOf(around),
    onLine,
  })
  check(result, `Debian ${suite}`)
  return { file: `${around.work}/layer.tar.gz`, versions: {} }
}

async function aroundBusybox({ suite }: Extract<LayerRecipe, { kind: 'busybox' }>, around: Around): Promise<Made> {
  return makeBusybox(suite === undefined ? installedBusybox : await fetchBusybox(suite, around), around.work)
}

async function fetchBusybox(suite: Suite, around: Around): Promise<string> {
  need('/usr/bin/apt-get', 'apt')
  await writeSettings(suite, around)
  around.progress('Downloading packages')
  const args = [around.work, 'busybox-static']
  check(await runConfined(`${recipeFiles}/debian/fetch-package.sh`, args, { environment: environmentOf(around) }), 'busybox')
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
