import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseEnvFile, parseRawEnvFile } from './env-file.ts'

const parse = (text: string, shell: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...parseEnvFile(text, '/p/.env', { shell: (name) => shell[name] }),
})

test('quotes, comments, exports and variables are read as Compose reads them', () => {
  const file = [
    '# a comment',
    'PLAIN=a b  # and a comment',
    'HASH=a#b',
    'export EXPORTED = x',
    "SINGLE='$PLAIN \\n'",
    'DOUBLE="a\\tb $PLAIN \\$5"',
    'OVER="two',
    'lines"',
    'FROM=${PLAIN}/${NOTHING:-d}',
    'EMPTY=',
    'YAML: style',
    "QUOTE='it\\'s'",
    'OCTAL="\\0101\\v"',
    'SIGN= # this is the value',
    '',
  ].join('\r\n')
  assert.deepEqual(parse(file), {
    PLAIN: 'a b',
    HASH: 'a#b',
    EXPORTED: 'x',
    SINGLE: '$PLAIN \\n',
    DOUBLE: 'a\tb a b $5',
    OVER: 'two\nlines',
    FROM: 'a b/d',
    EMPTY: '',
    YAML: 'style',
    QUOTE: "it's",
    OCTAL: 'A\v',
    SIGN: '# this is the value',
  })
})

test('a bare name takes the value of the shell, which also wins in variables', () => {
  assert.deepEqual(parse('A\nB\nC=1\nD=$C\n', { A: 'from the shell', C: '2' }), { A: 'from the shell', C: '1', D: '2' })
})

test('a file wins over earlier files, the shell over both; raw files are taken as they stand', () => {
  const around = {
    shell: (name: string) => (name === 'S' ? 'shell' : undefined),
    earlier: (name: string) => (name === 'A' ? 'earlier' : undefined),
  }
  assert.deepEqual(
    { ...parseEnvFile('X=$A\nA=own\nY=$A$S\nS=file\nA\n', '/p/b.env', around) },
    { X: 'earlier', A: 'own', Y: 'ownshell', S: 'file' },
  )
  assert.deepEqual({ ...parseRawEnvFile('# c\n  A="q" $B # no\nS\nNONE\nE=\n', '/p/raw', around) }, { A: '"q" $B # no', S: 'shell', E: '' })
  assert.throws(() => parseRawEnvFile('A=1\na b=2\n', '/p/raw', around), /\/p\/raw:2: expected NAME=value/)
})

test('what is no assignment is refused with its line', () => {
  assert.throws(() => parse('A=1\n=x\n'), /\/p\/\.env:2: expected NAME=value/)
  assert.throws(() => parse('A=1\nB="open\n'), /\/p\/\.env:2/)
  assert.throws(() => parse('A=1\n\nfoo bar\n'), /\/p\/\.env:3/)
})

test('any value in single quotes comes out as it was', () => {
  fc.assert(
    fc.property(fc.string(), (any) => {
      const value = any.replaceAll(/['\\\r]/g, '')
      assert.deepEqual(parse(`A='${value}'\nB=2\n`), { A: value, B: '2' })
    }),
  )
})
