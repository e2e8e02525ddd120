import { fstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { GalleyError, reasonOf } from '#base/error.ts'
import { OpenDirectory } from '#host/files/directory.ts'
import { namesIn } from '#host/files/names.ts'
import { openInRoot } from '#host/files/open-in-root.ts'
import { mount, MS, unmount } from '#host/kernel/mount.ts'
import { mountOverlay, unmountOverlay } from '#host/overlay/mount.ts'
import type { Engine } from './engine.ts'
import type { Container, MountPoint } from './model.ts'

/**
 * What is mounted for each of a container's mounts. An image is mounted with a layer of the container's own. A part of a volume is opened without leaving the volume, whatever links
 * lie in it, and held by a mount of its own, so that nobody can swap it before the container's is made (CVE-2024-23651's class).
 */
export function mountSources(engine: Engine, container: Container): (mount: MountPoint) => string {
  releaseSubpaths(engine, container.id)
  const held = new Map<MountPoint, string>()
  container.mounts.forEach((point, index) => {
    if (point.subpath === undefined && point.type !== 'image') return
    mkdirSync(directory(engine, container.id), { recursive: true })
    const target = `${directory(engine, container.id)}/${index}`
    const source = point.type === 'image' ? mountImage(engine, point, `${target}${image}`) : point.source
    // An image that is mounted has no name but its id.
    if (point.subpath !== undefined) hold({ name: point.source, ...point, source }, target)
    held.set(point, point.subpath === undefined ? source : target)
  })
  return (point) => held.get(point) ?? point.source
}

/** Ends the names of directories that images are mounted in. */
const image = '.image'

function mountImage(engine: Engine, { source }: MountPoint, directory: string): string {
  return mountOverlay({ lower: engine.images.resolve(source).layers, directory })
}

function hold({ type, source, subpath = '', name = '' }: MountPoint, target: string): void {
  try {
    using volume = OpenDirectory.at(source)
    using part = openInRoot(volume, subpath)
    if (fstatSync(part.fd).isDirectory()) mkdirSync(target, { recursive: true })
    else writeFileSync(target, '')
    mount(part.path, target, '', MS.BIND | MS.REC)
  } catch (cause) {
    throw new GalleyError('invalid', `cannot access path ${subpath} of ${type} ${name}: ${reasonOf(cause)}`, {
      subject: subpath,
      cause,
    })
  }
}

export function releaseSubpaths(engine: Engine, id: string): void {
  for (const name of namesIn(directory(engine, id))) {
    try {
      if (name.endsWith(image)) unmountOverlay(`${directory(engine, id)}/${name}`)
      else unmount(`${directory(engine, id)}/${name}`)
    } catch {
      // It was not mounted.
    }
  }
}

function directory(engine: Engine, id: string): string {
  return `${engine.data}/containers/${id}/parts`
}
