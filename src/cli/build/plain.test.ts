import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PlainDisplay } from './plain.ts'

test('what is told at once is written piece after piece, each under one heading', () => {
  const time = '2026-01-01T00:00:00Z'
  const data = Buffer.from('hello\n').toString('base64')
  let out = ''
  using display = new PlainDisplay((text) => (out += text))
  display.show({
    vertexes: [
      { digest: 'a', name: 'load', started: time },
      { digest: 'b', name: 'RUN echo', started: time },
      { digest: 'a', name: 'load', started: time, completed: time },
      { digest: 'b', name: 'RUN echo', started: time, completed: time, cached: true },
    ],
    logs: [
      { vertex: 'b', stream: 1, data, timestamp: time },
      { vertex: 'a', stream: 1, data, timestamp: time },
    ],
  })
  assert.equal(out, '#1 load\n#1 0.000 hello\n#1 DONE 0.0s\n\n#2 RUN echo\n#2 0.000 hello\n#2 CACHED\n')
})
