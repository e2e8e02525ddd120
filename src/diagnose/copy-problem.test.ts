import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, test } from 'node:test'
import { copyProblem } from './copy-problem.ts'

let home = ''
const of = (path: string): ReturnType<typeof copyProblem> => copyProblem({ context: `${home}/app`, dockerfile: 'Dockerfile' }, path)

beforeEach(() => {
  home = mkdtempSync(`${tmpdir()}/galley-copy-`)
  mkdirSync(`${home}/app/dist`, { recursive: true })
  for (const name of ['app/dist/index.html', 'app/server.js', 'shared.txt']) writeFileSync(`${home}/${name}`, '')
})

afterEach(() => rmSync(home, { recursive: true }))

test('what the ignore file keeps out is told with the line that does it', () => {
  writeFileSync(`${home}/app/.dockerignore`, '# built\nnode_modules\ndist\n')
  assert.deepEqual(of('/dist'), { kind: 'ignored', path: 'dist', file: `${home}/app/.dockerignore`, line: 3, text: 'dist' })
})

test('what is not there is told with what may be meant', () => {
  const context = `${home}/app`
  assert.deepEqual(of('sever.js'), { kind: 'absent', path: 'sever.js', context, near: 'server.js' })
  assert.deepEqual(of('index.html'), { kind: 'absent', path: 'index.html', context, near: 'dist/index.html' })
  assert.deepEqual(of('shared.txt'), { kind: 'absent', path: 'shared.txt', context, outside: `${home}/shared.txt` })
  assert.deepEqual(of('build/libs/app.jar'), { kind: 'absent', path: 'build/libs/app.jar', context })
})

test('what is there and let in is no problem of these', () => {
  assert.equal(of('server.js'), undefined)
  assert.equal(copyProblem({ context: 'https://example.org/a.git', dockerfile: 'Dockerfile' }, 'x'), undefined)
})
