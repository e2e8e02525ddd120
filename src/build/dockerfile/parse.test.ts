import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DockerfileParser } from 'dockerfile-ast'
import fc from 'fast-check'
import { GalleyError } from '#base/error.ts'
import { readLines } from './lines.ts'
import type { Instruction, Keyword } from './model.ts'
import { parseDockerfile } from './parse.ts'
import { placeOf } from './problem.ts'

/** The instructions of a one-stage Dockerfile. */
function parsed<K extends Keyword>(text: string, keyword: K): Instruction<K> {
  const [instruction] = parseDockerfile(`FROM scratch\n${text}`).stages[0]?.instructions ?? []
  assert.equal(instruction?.keyword, keyword)
  return instruction as unknown as Instruction<K>
}

function refused(source: string): string {
  try {
    parseDockerfile(source)
  } catch (error) {
    assert.ok(error instanceof GalleyError, String(error))
    return error.message
  }
  return assert.fail(`${source} was taken`)
}

test('continued lines are joined, comments and empty lines between them left out', () => {
  const { command, place } = parsed('\n# one\nRUN echo a \\\n  # two\n\n  && echo b', 'run')
  assert.deepEqual(command, { form: 'shell', text: 'echo a   && echo b', heredocs: [] })
  assert.equal(place.line, 4)
})

test('a byte-order mark, Windows line ends and any case of keywords are taken', () => {
  const file = parseDockerfile('\uFEFF# escape=`\r\nfrom scratch as One\r\nRun dir `\r\n  c:\\\r\n')
  assert.equal(file.escape, '`')
  assert.equal(file.stages[0]?.name, 'one')
  assert.equal(file.stages[0]?.instructions[0]?.text, 'RUN dir   c:\\')
})

test('directives end at the first other line, and an unknown frontend is refused by name', () => {
  assert.equal(parseDockerfile('# hello\n# escape=`\nFROM scratch').escape, '\\')
  assert.equal(parseDockerfile('# syntax=docker/dockerfile:1.7-labs\nFROM scratch').stages.length, 1)
  assert.match(refused('# syntax=example.com/mine:1\nFROM scratch'), /syntax "example.com\/mine:1" is not implemented/)
  assert.match(refused('# escape=x\nFROM scratch'), /^dockerfile parse error on line 1: invalid escape token/)
})

test('the exec form is JSON; what only looks like it is a text for the shell', () => {
  assert.deepEqual(parsed('CMD ["a", "b c"]', 'cmd').command, { form: 'exec', args: ['a', 'b c'] })
  assert.deepEqual(parsed("CMD ['a']", 'cmd').command, { form: 'shell', text: "['a']", heredocs: [] })
})

test('heredocs belong to their instruction, several to one line, tabs off and quoted as asked', () => {
  const { inline, sources, destination } = parsed('COPY x <<A <<-"B" /to/\none\nA\n\ttwo $v\n\tB\nCMD x', 'copy')
  assert.deepEqual(sources, ['x'])
  assert.equal(destination, '/to/')
  assert.deepEqual(inline, [
    { name: 'A', expand: true, text: 'one\n' },
    { name: 'B', expand: false, text: 'two $v\n' },
  ])
  assert.deepEqual(parsed('RUN cat <<E >/x\na\nE', 'run').command, {
    form: 'shell',
    text: 'cat <<E >/x',
    heredocs: [{ name: 'E', expand: true, text: 'a\n' }],
  })
  assert.equal(parsed('RUN echo "<<E" <<<here', 'run').command.form, 'shell')
  assert.match(refused('FROM scratch\nRUN <<E\nnever ends'), /line 2: unterminated heredoc/)
})

test('environment and labels are read in both forms, quotes kept for expansion', () => {
  assert.deepEqual(parsed('ENV a=1 b="x y" c=\\ z', 'env').pairs, [
    { name: 'a', value: '1' },
    { name: 'b', value: '"x y"' },
    { name: 'c', value: '\\ z' },
  ])
  assert.deepEqual(parsed('ENV name the whole rest', 'env').pairs, [{ name: 'name', value: 'the whole rest' }])
})

test('mounts are read with their aliases, and a wrong field is named', () => {
  const { mounts } = parsed('RUN --mount=type=cache,target=/c,sharing=locked --mount=type=bind,src=a,dst=/b make', 'run')
  assert.deepEqual(
    mounts.map((mount) => Object.fromEntries(mount)),
    [
      { type: 'cache', target: '/c', sharing: 'locked' },
      { type: 'bind', src: 'a', dst: '/b' },
    ],
  )
  assert.match(refused('FROM scratch\nRUN --mount=type=cache,taget=/c make'), /unexpected key 'taget' .*did you mean target\?/)
})

test('mistakes are shown where they stand', () => {
  assert.equal(
    refused('FROM scratch\n\tCOPY --form=x a b'),
    'dockerfile parse error on line 2: unknown flag: --form (did you mean from?)\n 2 | \tCOPY --form=x a b\n   | \t     ^^^^^^^^',
  )
  const messages: Readonly<Record<string, RegExp>> = {
    'RUN x': /line 1: no build stage in current context/,
    'FROM a b': /FROM requires either one or three arguments/,
    'FROM a AS 1b': /invalid name for build stage: "1b"/,
    'FROM a\nFRMO b': /line 2: unknown instruction: FRMO \(did you mean FROM\?\)/,
    'FROM a\nCOPY x': /COPY requires at least two arguments, but only one was provided/,
    'FROM a\nENV x': /ENV must have two arguments/,
    'FROM a\nENV a=1 b': /Syntax error - can't find = in "b"/,
    'FROM a\nSHELL sh': /SHELL requires the arguments to be in JSON form/,
    'FROM a\nONBUILD FROM b': /FROM isn't allowed as an ONBUILD trigger/,
    'FROM a\nHEALTHCHECK TCP': /Unknown type "TCP" in HEALTHCHECK/,
    'FROM a\nWORKDIR': /WORKDIR requires exactly one argument/,
    '# only a comment': /file with no instructions/,
    'ARG a=b': /dockerfile contains no stages to build/,
    'FROM a\nRUN --mount=from=$x,target=/y z': /'from' doesn't support variable expansion, define alias stage instead/,
  }
  for (const [source, message] of Object.entries(messages)) assert.match(refused(source), message)
})

const word = fc.stringMatching(/^[a-z./=-]{1,8}$/).filter((text) => !text.startsWith('-'))
const line = fc.oneof(
  fc
    .tuple(fc.constantFrom('RUN', 'run', 'CMD', 'ENTRYPOINT'), fc.array(word, { minLength: 1, maxLength: 4 }))
    .map(([name, words]) => `${name} ${words.join(' ')}`),
  fc.tuple(word, word).map(([from, to]) => `COPY ${from} \\\n   ${to}`),
  fc.tuple(word, word).map(([from, to]) => `ADD ${from} \\\n# a comment\n ${to}`),
  word.map((text) => `RUN <<END\n${text}\n  COPY not one\nEND`),
  word.map((text) => `COPY <<END /x\n${text}\nEND`),
  fc.constant(''),
  fc.constant('# a comment'),
  word.map((text) => `WORKDIR   ${text}  `),
)

test('instructions begin where the parser of dockerfile-ast finds them, and end there', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const source = ['FROM scratch', ...lines].join('\n')
      const theirs = DockerfileParser.parse(source)
        .getInstructions()
        .map((instruction) => [instruction.getKeyword(), instruction.getRange().start.line + 1])
      const ours = readLines(source).lines.map(({ text, place }) => [text.split(/\s/)[0]?.toUpperCase(), place(0).line])
      assert.deepEqual(ours, theirs)
    }),
  )
})

test('no text makes the parser fail in another way than by a message', () => {
  const piece = fc.constantFrom(
    'FROM',
    'RUN',
    'COPY',
    ' ',
    '\n',
    '\\',
    '<<E',
    '"',
    '[',
    '--mount=',
    '#',
    'ONBUILD',
    'a=b',
    '$',
    'HEALTHCHECK',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        parseDockerfile(`FROM scratch\n${pieces.join('')}`)
      } catch (error) {
        assert.ok(error instanceof GalleyError, String(error))
      }
    }),
  )
})

test('a mistake knows the lines that it stands on', () => {
  try {
    parseDockerfile('FROM scratch\nHEALTHCHECK \\\n  NOPE \\\n  x\n')
    assert.fail()
  } catch (error) {
    const { line, lastLine } = placeOf(error) ?? {}
    assert.deepEqual([line, lastLine], [3, 4])
  }
})
