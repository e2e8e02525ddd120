import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
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

/** A Debian of about 170 MB as `docker save` writes it; made once and kept, as that takes a minute. */
export async function makeLarge(engine: Engine): Promise<string> {
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
