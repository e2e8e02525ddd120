import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { digestOf } from '#base/digest.ts'
import { padding, tarEnd, tarHeader } from '#content/layers/header.ts'
import type { Engine } from './engines.ts'

function must(program: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program}: ${stderr}`)
}

/** The image `box`, Debian's static busybox and nothing else, as a root file system and as a tar of it. */
export function makeBox(home: string): { readonly rootfs: string; readonly tar: string } {
  const [rootfs, tar] = [`${home}/box`, `${home}/box.tar`]
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp']) mkdirSync(`${rootfs}/${name}`, { recursive: true })
  cpSync('/usr/bin/busybox', `${rootfs}/bin/busybox`)
  for (const applet of ['sh', 'true', 'sleep', 'cat']) symlinkSync('busybox', `${rootfs}/bin/${applet}`)
  must('tar', '-C', rootfs, '-cf', tar, '.')
  return { rootfs, tar }
}

/**
 * `count` Debian images of about 250 MB as `docker save` writes them, all different, since an engine takes a layer that it has for
 * loaded. The first is made once and kept, as that takes a minute; the others are put into `home`.
 */
export async function makeLarge(engine: Engine, home: string, count: number): Promise<readonly string[]> {
  const archive = await makeDebian(engine)
  const members = unpack(archive)
  return Array.from({ length: count }, (_, index) => {
    const path = `${home}/large-${index}.tar`
    writeFileSync(path, variant(members, index))
    return path
  })
}

async function makeDebian(engine: Engine): Promise<string> {
  const cache = '/var/cache/galley/bench'
  const [root, archive] = [`${cache}/debian.tar`, `${cache}/debian-image.tar`]
  if (existsSync(archive)) return archive
  mkdirSync(cache, { recursive: true })
  if (!existsSync(root)) must('mmdebstrap', '--variant=important', 'bookworm', root)
  await engine.docker('import', root, 'large')
  await engine.docker('save', '-o', archive, 'large')
  await engine.docker('rmi', 'large')
  return archive
}

interface Members {
  readonly config: { rootfs: { diff_ids: string[] } }
  readonly layer: Buffer
}

/** The one image's configuration and layer, by name, since the archive's form depends on Docker's version. */
function unpack(archive: string): Members {
  const read = (name: string): Buffer => execFileSync('tar', ['-xOf', archive, name], { maxBuffer: 1 << 30 })
  const [{ Config, Layers }] = JSON.parse(read('manifest.json').toString()) as [{ Config: string; Layers: [string] }]
  return { config: JSON.parse(read(Config).toString()) as Members['config'], layer: read(Layers[0]) }
}

/** The same image but for the time of the layer's first member. */
function variant({ config, layer }: Members, index: number): Buffer {
  layer.write(`${(1_700_000_000 + index).toString(8).padStart(11, '0')}\0`, 136, 'latin1')
  layer.fill(' ', 148, 156)
  const sum = layer.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  layer.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  const json = JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } })
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: ['large:latest'], Layers: ['layer.tar'] }])
  const files = { 'config.json': Buffer.from(json), 'layer.tar': layer, 'manifest.json': Buffer.from(manifest) }
  return Buffer.concat([
    ...Object.entries(files).flatMap(([path, body]) => [header(path, body.length), body, padding(body.length)]),
    tarEnd,
  ])
}

function header(path: string, size: number): Buffer {
  return tarHeader({ type: 'file', path, target: '', mode: 0o644, uid: 0, gid: 0, size, mtime: 0, major: 0, minor: 0 })
}
