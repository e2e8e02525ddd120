import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextInHistory, type MadeImage } from './history.ts'

const [a, b, c] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}` as const)
const base = { created_by: '/bin/sh -c #(nop) ADD file:1 in / ' }

function image(...lines: readonly (readonly [line: string, empty?: boolean])[]): MadeImage {
  const history = lines.map(([created_by, empty]) => ({ created_by, ...(empty === true && { empty_layer: true }) }))
  const layers = [a, b, c].flatMap((layer) => layer ?? []).slice(0, 1 + lines.filter(([, empty]) => empty !== true).length)
  return { layers, history: [base, ...history], architecture: 'amd64', created: 0 }
}

const reached = (lines: readonly string[], layers: readonly (string | undefined)[]) => ({
  lines: [base.created_by, ...lines],
  layers: layers as `sha256:${string}`[],
  architecture: 'amd64',
})

test('the same steps from the same files come to the same layer, whichever builder wrote them down', () => {
  const line = 'RUN /bin/sh -c make'
  for (const made of [
    image(['ENV X=1', true], [line]),
    image(['/bin/sh -c #(nop)  ENV X=1', true], ['/bin/sh -c make']),
    image(['ENV X=1', true], [`${line} # buildkit`]),
  ])
    assert.deepEqual(nextInHistory(made, reached(['ENV X=1'], [a]), line), { layer: b })
  const withArguments = 'RUN |1 V=2 /bin/sh -c make'
  assert.deepEqual(nextInHistory(image(['|1 V=2 /bin/sh -c make']), reached([], [a]), withArguments), { layer: b })
  assert.deepEqual(nextInHistory(image([line, true]), reached([], [a]), line), { layer: undefined })
})

test('another line, other files, another platform and a history with gaps tell nothing', () => {
  const line = 'RUN /bin/sh -c make'
  const made = image(['COPY x /'], [line])
  assert.deepEqual(nextInHistory(made, reached(['COPY x /'], [a, b]), line), { layer: c })
  assert.equal(nextInHistory(made, reached(['COPY x /'], [a, c]), line), undefined)
  assert.equal(nextInHistory(made, reached(['COPY y /'], [a, b]), line), undefined)
  assert.equal(nextInHistory(made, reached(['COPY x /'], [a, b]), 'RUN /bin/sh -c other'), undefined)
  assert.equal(nextInHistory(made, { ...reached(['COPY x /'], [a, b]), architecture: 'arm64' }, line), undefined)
  assert.equal(nextInHistory({ ...made, history: made.history.slice(1) }, reached(['COPY x /'], [a, b]), line), undefined)
  assert.equal(nextInHistory(image(['ENV A=b']), reached([], [a]), 'RUN ENV A=b'), undefined)
})
