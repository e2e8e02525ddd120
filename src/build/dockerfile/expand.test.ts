import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { expandText, expandWord, expandWords } from './expand.ts'

const variables: Readonly<Record<string, string>> = { a: 'foo.tar.gz', empty: '', spaced: 'x  y', _u1: 'under', path: 'usr/share/doc' }
const lookup = (name: string): string | undefined => (Object.hasOwn(variables, name) ? variables[name] : undefined)
const expansion = { lookup, escape: '\\' }

test('a variable, a default, an alternative and a required one are told apart by being set and by being empty', () => {
  const cases: Readonly<Record<string, string>> = {
    $a: 'foo.tar.gz',
    '${a}x': 'foo.tar.gzx',
    $unset: '',
    '${unset:-d}${empty:-d}${a:-d}': 'ddfoo.tar.gz',
    '${unset-d}${empty-d}': 'd',
    '${unset:+d}${empty:+d}${a:+d}': 'd',
    '${unset+d}${empty+d}': 'd',
    '${unset:-${a}}': 'foo.tar.gz',
    '${unset:-"two words"}': 'two words',
    $_u1: 'under',
    $a$: 'foo.tar.gz$',
    '\'$a\' "$a" \\$a': '$a foo.tar.gz $a',
    '"\\n\\"\\$"': '\\n"$',
  }
  for (const [word, wanted] of Object.entries(cases)) assert.equal(expandWord(word, expansion), wanted, word)
})

test('what can’t be expanded is refused with the reason', () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    '${unset:?no value}': /^unset: no value$/,
    '${unset?}': /not allowed to be unset/,
    '${a!}': /unsupported modifier \(!\)/,
    '${a': /missing '\}'/,
    '${}': /bad substitution/,
    '"open': /matching double-quote/,
    "'open": /matching single-quote/,
  }
  for (const [word, message] of Object.entries(wrong)) assert.throws(() => expandWord(word, expansion), { message }, word)
})

test('words are split after expansion, outside quotes alone', () => {
  assert.deepEqual(expandWords('a "$spaced" $spaced c\\ d', expansion), ['a', 'x  y', 'x', 'y', 'c d'])
})

test('a heredoc’s quotes stay, its variables don’t', () => {
  assert.equal(expandText('"$a" \'$empty\' \\$a\n', expansion), '"foo.tar.gz" \'\' $a\n')
  assert.equal(expandText('\\.php \\\\.php "\\n"\n\\\n', expansion), '.php \\.php "n"\n\n')
})

test('patterns and replacements are what bash makes of them', () => {
  const pattern = fc
    .array(fc.constantFrom('*', '?', '.', 'o', 'a', 'r', '/', 'tar', 'f', 's'), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(''))
  const operator = fc.constantFrom('#', '##', '%', '%%')
  const words = fc.sample(
    fc.oneof(
      fc.tuple(fc.constantFrom('a', 'path', 'empty', 'unset'), operator, pattern).map(([name, sign, text]) => `\${${name}${sign}${text}}`),
      // A pattern that begins with # or % means something of its own there.
      fc
        .tuple(
          fc.constantFrom('a', 'path'),
          fc.constantFrom('/', '//'),
          pattern.filter((text) => !text.includes('/')),
          fc.constantFrom('X', '', 'long'),
        )
        .map(([name, sign, text, by]) => `\${${name}${sign}${text}/${by}}`),
    ),
    400,
  )
  const script = words.map((word) => `printf '%s\\n' "${word}"`).join('\n')
  const { stdout, status } = spawnSync('bash', ['-c', script], { env: variables, encoding: 'utf8' })
  assert.equal(status, 0)
  assert.deepEqual(
    words.map((word) => [word, expandWord(word, expansion)]),
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line, index) => [words[index], line]),
  )
})

test('whatever is written, it expands or is refused', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[${}:#%/+?a"'\\* -]{0,20}$/), (word) => {
      try {
        assert.equal(typeof expandWord(word, expansion), 'string')
      } catch (error) {
        assert.equal((error as { kind?: string }).kind, 'invalid', String(error))
      }
    }),
  )
})
