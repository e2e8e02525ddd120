import type { Stats } from 'node:fs'
import { GalleyError } from '#base/error.ts'
import { copyIn, copyOut, statPath, type PathStat } from '#engine/containers/copy.ts'
import type { Engine } from '#engine/containers/engine.ts'
import type { Container } from '#engine/containers/model.ts'
import { flag, sendEmpty, type Call, type Routes } from './route.ts'
import { sendArchive } from './send-archive.ts'

/** `docker cp` in the Engine API. */
export function archiveRoutes(engine: Engine) {
  const one = (call: Call): Container => engine.containers.get(call.params['id'] ?? '')
  return {
    'HEAD /containers/{id}/archive': async (call) => {
      call.response.setHeader(statHeader, encode(await statPath(engine, one(call), pathOf(call))))
      sendEmpty(call, 200)
    },
    'GET /containers/{id}/archive': (call) =>
      copyOut(engine, one(call), pathOf(call), (stat, archive) => sendArchive(call, archive, { [statHeader]: encode(stat) })),
    'PUT /containers/{id}/archive': async (call) => {
      const wishes = { keepKinds: flag(call.query, 'noOverwriteDirNonDir'), toUser: flag(call.query, 'copyUIDGID') }
      await copyIn(engine, one(call), { path: pathOf(call), body: call.body }, wishes)
      sendEmpty(call, 200)
    },
  } satisfies Routes
}

const statHeader = 'X-Docker-Container-Path-Stat'

/** As bytes in latin1, since names need not be UTF-8. */
function pathOf(call: Call): string {
  const path = call.query.get('path') ?? ''
  if (path === '') throw new GalleyError('invalid', "bad parameter: 'path' cannot be empty", { subject: 'path' })
  return Buffer.from(path).toString('latin1')
}

function encode({ name, stat, linkTarget }: PathStat): string {
  const shape = {
    name: Buffer.from(name, 'latin1').toString(),
    size: stat.size,
    mode: goMode(stat),
    mtime: stat.mtime.toISOString(),
    linkTarget: Buffer.from(linkTarget, 'latin1').toString(),
  }
  return Buffer.from(JSON.stringify(shape)).toString('base64')
}

/** The bits of Go's `fs.FileMode`, which clients decode. */
function goMode(stat: Stats): number {
  const bits: [boolean, number][] = [
    [stat.isDirectory(), 31],
    [stat.isSymbolicLink(), 27],
    [stat.isBlockDevice() || stat.isCharacterDevice(), 26],
    [stat.isFIFO(), 25],
    [stat.isSocket(), 24],
    [(stat.mode & 0o4000) !== 0, 23],
    [(stat.mode & 0o2000) !== 0, 22],
    [stat.isCharacterDevice(), 21],
    [(stat.mode & 0o1000) !== 0, 20],
  ]
  return bits.reduce((mode, [set, bit]) => mode + (set ? 2 ** bit : 0), stat.mode & 0o777)
}
