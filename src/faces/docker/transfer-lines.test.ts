import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '#base/digest.ts'
import { parseImageReference } from '#base/image-reference.ts'
import type { TransferEvent } from '#engine/images/transfer.ts'
import { transferReport } from './transfer-lines.ts'

function lines(...events: readonly TransferEvent[]): object[] {
  const all: object[] = []
  const report = transferReport((line) => all.push(line))
  for (const event of events) report(event)
  return all
}

const layer = digestOf('layer')
const id = layer.slice(7, 19)
const reference = parseImageReference('busybox:1')

test('a pull is told in the lines that Docker tells', () => {
  const told = lines(
    { type: 'pulling', reference },
    { type: 'layer', layer, phase: 'fetching' },
    { type: 'layer', layer, phase: 'downloading', current: 1_500_000, total: 3_000_000 },
    { type: 'layer', layer, phase: 'retrying', current: 2 },
    { type: 'layer', layer, phase: 'pulled' },
    { type: 'pulled', reference, digest: layer, fresh: false },
  )
  assert.deepEqual(told, [
    { status: 'Pulling from library/busybox', id: '1' },
    { status: 'Pulling fs layer', progressDetail: {}, id },
    {
      status: 'Downloading',
      progressDetail: { current: 1_500_000, total: 3_000_000 },
      progress: `[${'='.repeat(25)}>${' '.repeat(25)}]  1.5MB/3MB`,
      id,
    },
    { status: 'Retrying in 2 seconds', progressDetail: {}, id },
    { status: 'Pull complete', progressDetail: {}, id },
    { status: `Digest: ${layer}` },
    { status: 'Status: Image is up to date for busybox:1' },
  ])
})

test('a push ends with the digest for programs', () => {
  assert.deepEqual(lines({ type: 'pushing', reference }, { type: 'pushed', reference, digest: layer, size: 527 }), [
    { status: 'The push refers to repository [docker.io/library/busybox]' },
    { status: `1: digest: ${layer} size: 527` },
    { progressDetail: {}, aux: { Tag: '1', Digest: layer, Size: 527 } },
  ])
})
