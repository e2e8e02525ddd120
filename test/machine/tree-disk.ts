import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isNative, type Architecture } from './architectures.ts'

/**
 * A disk with the tree as it is now, dependencies and bundles with it: the machine mounts it where it works, copies nothing through an
 * emulated network, and has no bundles to make, which alone would take it minutes. The result deletes it.
 */
export class TreeDisk implements Disposable {
  readonly #directory = mkdtempSync(`${tmpdir()}/galley-tree-`)
  readonly path = `${this.#directory}/disk`

  constructor(architecture: Architecture) {
    const tree = `${this.#directory}/tree`
    must('cp', '-a', '--reflink=auto', process.cwd(), tree)
    for (const name of ['.git', 'dist']) rmSync(`${tree}/${name}`, { recursive: true, force: true })
    // The bundles know what they were made of by its time; ext4 as it is made here keeps whole seconds only.
    age(tree)
    must(process.execPath, '--disable-warning=ExperimentalWarning', `${tree}/packaging/bundle.ts`)
    if (!isNative(architecture)) replaceModules(`${tree}/node_modules`, architecture)
    must('mkfs.ext4', '-q', '-F', '-m', '0', '-L', 'tree', '-d', tree, this.path, '6G')
    rmSync(tree, { recursive: true, force: true })
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** Dependencies for another processor, which somebody has installed on this machine: npm there would take an hour. */
function replaceModules(target: string, { node }: Architecture): void {
  const modules = process.env['GALLEY_MACHINE_MODULES']
  if (modules === undefined)
    throw new Error(`GALLEY_MACHINE_MODULES has to name the node_modules that npm ci --os=linux --cpu=${node} makes`)
  rmSync(target, { recursive: true, force: true })
  must('cp', '-a', modules, target)
  age(target)
}

function age(directory: string): void {
  must('find', directory, '-type', 'f', '-exec', 'touch', '-d', '2000-01-01', '{}', '+')
}

function must(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`)
}
