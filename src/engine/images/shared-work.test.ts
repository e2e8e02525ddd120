import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedWork } from './shared-work.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const work = new SharedWork<string, string>()
  const runs: { tell: (event: string) => void; signal: AbortSignal; end: PromiseWithResolvers<string> }[] = []
  const join = (report: (event: string) => void, signal: AbortSignal): Promise<string> =>
    work.join('key', { report, signal }, (tell, stop) => {
      const end = Promise.withResolvers<string>()
      runs.push({ tell, signal: stop, end })
      return end.promise
    })
  return { runs, join }
}

test('callers who want the same share one run, and each is told', async () => {
  const { runs, join } = setUp()
  const told: string[] = []
  const first = join((event) => told.push(`1 ${event}`), new AbortController().signal)
  await turn()
  runs[0]?.tell('a')
  const second = join((event) => told.push(`2 ${event}`), new AbortController().signal)
  runs[0]?.tell('b')
  runs[0]?.end.resolve('done')
  assert.deepEqual(await Promise.all([first, second]), ['done', 'done'])
  assert.equal(runs.length, 1)
  assert.deepEqual(told, ['1 a', '2 a', '1 b', '2 b'])
})

test('one who goes does not end it for the other; the last one does', async () => {
  const { runs, join } = setUp()
  const [one, two] = [new AbortController(), new AbortController()]
  const first = join(() => undefined, one.signal)
  const second = join(() => undefined, two.signal)
  await turn()
  one.abort(new Error('gone'))
  await assert.rejects(first, { message: 'gone' })
  assert.equal(runs[0]?.signal.aborted, false)
  two.abort(new Error('gone too'))
  await assert.rejects(second, { message: 'gone too' })
  assert.equal(runs[0]?.signal.aborted, true)
})

test('who comes while it is being ended waits for that and begins anew', async () => {
  const { runs, join } = setUp()
  const gone = new AbortController()
  const first = join(() => undefined, gone.signal)
  await turn()
  gone.abort(new Error('gone'))
  await assert.rejects(first)
  const second = join(() => undefined, new AbortController().signal)
  await turn()
  assert.equal(runs.length, 1)
  runs[0]?.end.reject(new Error('aborted'))
  await turn()
  assert.equal(runs.length, 2)
  runs[1]?.end.resolve('anew')
  assert.equal(await second, 'anew')
})
