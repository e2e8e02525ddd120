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
    if (!isNative(architecture)) bringModules(tree, architecture)
    must('mkfs.ext4', '-q', '-F', '-m', '0', '-L', 'tree', '-d', tree, this.path, '6G')
    rmSync(tree, { recursive: true, force: true })
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** The locked dependencies as npm brings them on a machine of another architecture, in place of those of this one. */
function bringModules(tree: string, { node }: Architecture): void {
  const args = ['ci', '--no-audit', '--no-fund', '--os=linux', `--cpu=${node}`, '--libc=glibc']
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: process.env['GALLEY_TEST_NPM_CA'] ?? '' }
  const { status, stderr, error } = spawnSync('npm', args, { cwd: tree, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ci for ${node} failed: ${error?.message ?? stderr}`)
  age(`${tree}/node_modules`)
}

function age(directory: string): void {
  must('find', directory, '-type', 'f', '-exec', 'touch', '-d', '2000-01-01', '{}', '+')
}

function must(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`)
}
