import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkDockerfile, type CheckOptions } from './check.ts'
import { pageOf, rules, type RuleName } from './rules.ts'

/** `box` sets a variable of its own; of other bases nothing is known. */
const usual: CheckOptions = {
  ignore: ['*.log', '!keep.log'],
  variablesOf: (base) => (base === 'box' ? ['PATH', 'BOX_HOME'] : undefined),
}

/** The findings as `line rule: message`. */
function found(text: string, options: Partial<CheckOptions> = {}): string[] {
  return checkDockerfile(text, { ...usual, ...options }).findings.map(({ rule, message, place }) => `${place.line} ${rule}: ${message}`)
}

/** For each rule, a Dockerfile that breaks it and no other, the line it says, and one that keeps it. */
const examples: { readonly [K in RuleName]: readonly [bad: string, line: number, said: RegExp, good: string] } = {
  StageNameCasing: ['FROM box AS Builder', 1, /'Builder' should be lowercase/, 'FROM box AS builder'],
  FromAsCasing: ['FROM box as one', 1, /'as' and 'FROM'/, 'from box as one'],
  NoEmptyContinuation: [
    'FROM box\nRUN a && \\\n\n  b',
    2,
    /Empty continuation/,
    'FROM box\nRUN a && \\\n # why\n  b\n\nUSER x\nCOPY <<EOF \\\n  /f\none\n\nmore\nEOF',
  ],
  ConsistentInstructionCasing: ['FROM box\nRUN a\nrun b', 3, /'run'.*\(uppercase\)/, 'from box\nrun a\nrun b'],
  DuplicateStageName: ['FROM box AS a\nFROM box AS a', 2, /Duplicate stage name "a"/, 'FROM box AS a\nFROM box AS b'],
  ReservedStageName: ['FROM box AS scratch', 1, /reserved stage "scratch"/, 'FROM box AS base'],
  JSONArgsRecommended: ['FROM box\nCMD run me', 2, /recommended for CMD/, 'FROM box\nSHELL ["/bin/bash", "-c"]\nENTRYPOINT run me'],
  MaintainerDeprecated: ['FROM box\nMAINTAINER me', 2, /deprecated/, 'FROM box\nLABEL org.opencontainers.image.authors="me"'],
  UndefinedArgInFrom: [
    'ARG VERSION=1\nFROM box:1$VERSON',
    2,
    /'VERSON' is not declared \(did you mean VERSION\?\)/,
    'ARG VERSION=1\nFROM --platform=$BUILDPLATFORM box:$VERSION',
  ],
  WorkdirRelativePath: ['FROM box\nWORKDIR app', 2, /"app"/, 'FROM box AS a\nWORKDIR /srv\nWORKDIR app\nFROM a\nWORKDIR b'],
  UndefinedVar: [
    'FROM box\nCOPY a $BOX_HOM/',
    2,
    /'\$BOX_HOM' \(did you mean \$BOX_HOME\?\)/,
    'FROM box AS a\nARG x\nENV y=${z:-1}\nFROM a\nCOPY a $BOX_HOME/$x$y\nRUN echo $nobody\nFROM unknown\nCOPY a $q',
  ],
  MultipleInstructionsDisallowed: ['FROM box\nCMD ["a"]\nCMD ["b"]', 2, /Multiple CMD/, 'FROM box\nCMD ["a"]\nFROM box\nCMD ["b"]'],
  LegacyKeyValueFormat: ['FROM box\nENV a b', 2, /"ENV key=value"/, 'FROM box\nENV a="b c" d=e'],
  RedundantTargetPlatform: ['FROM --platform=$TARGETPLATFORM box', 1, /redundant/, 'FROM --platform=$BUILDPLATFORM box'],
  SecretsUsedInArgOrEnv: [
    'FROM box\nARG DB_PASSWORD',
    2,
    /ARG "DB_PASSWORD"/,
    'FROM box\nARG PUBLIC_KEY AUTH_MODULE_VERSION\nENV TOKENS=1 MONKEY=2 password_file=/x',
  ],
  InvalidDefaultArgInFrom: ['ARG TAG\nFROM box:${TAG}', 2, /\$\{TAG\}/, 'ARG TAG=1\nFROM box:${TAG}'],
  FromPlatformFlagConstDisallowed: [
    'FROM --platform=linux/amd64 box',
    1,
    /"linux\/amd64"/,
    'FROM --platform=linux/amd64 box AS build_amd64',
  ],
  CopyIgnoredFile: [
    'FROM box\nCOPY ./a.log /',
    2,
    /COPY file ".\/a.log"/,
    'FROM box AS a\nCOPY keep.log *.txt /\nFROM a\nCOPY --from=a /b.log /',
  ],
  InvalidDefinitionDescription: [
    '# check=experimental=all\n# something else\nFROM box AS one',
    3,
    /`# one <description>`/,
    '# check=experimental=all\n# one is the first\nFROM box AS one\n\n# anything\n\nARG x',
  ],
  ExposeProtoCasing: ['FROM box\nEXPOSE 80/TCP', 2, /'80\/TCP'/, 'FROM box\nEXPOSE 80/tcp'],
  ExposeInvalidFormat: ['FROM box\nEXPOSE 127.0.0.1:80:80', 2, /host-port mapping/, 'FROM box\nEXPOSE 80 1000-1010/udp $PATH'],
}

for (const [rule, [bad, line, said, good]] of Object.entries(examples)) {
  test(`${rule} finds what it is for, on its line, and nothing where all is well`, () => {
    const [only = '', ...more] = found(bad)
    assert.ok(only.startsWith(`${line} ${rule}: `), only)
    assert.match(only, said)
    assert.deepEqual(more, [])
    assert.deepEqual(found(good), [])
  })
}

test('a Dockerfile skips rules or all of them, and makes findings fail the build', () => {
  const text = 'FROM box AS One\nCMD a'
  assert.equal(found(text).length, 2)
  assert.equal(found(`# check=skip=StageNameCasing\n${text}`).length, 1)
  assert.equal(found(`# check=skip=all\n${text}`).length, 0)
  assert.equal(found(`# check=skip=all\n${text}`, { directive: 'skip=JSONArgsRecommended' }).length, 1)
  assert.equal(checkDockerfile(`# syntax=docker/dockerfile:1\n# check=skip=StageNameCasing;error=true\n${text}`, usual).error, true)
  assert.equal(checkDockerfile(text, usual).error, false)
})

test('a comment right above an instruction takes it, and none other, out of rules', () => {
  const text = 'FROM box\n# check=skip=MaintainerDeprecated // for old tools\nMAINTAINER me\nMAINTAINER you'
  assert.deepEqual(
    found(text).map((line) => line.slice(0, 22)),
    ['4 MaintainerDeprecated'],
  )
  assert.equal(found(text.replace('MaintainerDeprecated', 'all')).length, 1)
  assert.equal(found(text.replace('MaintainerDeprecated', 'StageNameCasing')).length, 2)
  assert.equal(found(text.replace('tools\n', 'tools\n\n')).length, 2)
})

test('a shell that a stage below chose knowingly, a stage that is called linux, and a keyword in mixed case are found by no more than one rule', () => {
  assert.deepEqual(found('FROM box AS one\nSHELL ["/bin/bash", "-c"]\nFROM one AS two\nFROM two\nCMD run me'), [])
  assert.deepEqual(found('FROM --platform=linux/amd64 box AS linux'), [])
  assert.deepEqual(
    found('From box as one\nFROM box AS two').map((line) => line.split(':')[0]),
    ['1 ConsistentInstructionCasing'],
  )
})

test('a relative WORKDIR of an empty image, and a context of which nothing is let in, are found', () => {
  assert.match(found('FROM scratch\nWORKDIR app/').join(), /^2 WorkdirRelativePath/)
  assert.match(found('FROM box\nCOPY . /', { ignore: ['*'] }).join(), /^2 CopyIgnoredFile/)
  for (const ignore of [['.*'], ['*', '!src']]) assert.deepEqual(found('FROM box\nCOPY . /', { ignore }), [])
})

test('a description names what is below it as that is written, of several arguments any', () => {
  const asked = '# check=experimental=all\n\n'
  assert.equal(found(`${asked}# BasE of all\nFROM box AS base`).length, 1)
  assert.equal(found(`${asked}FROM box\n# b is second\nARG a=1 b=2`).length, 0)
})

test('experimental rules wait until they are asked for', () => {
  assert.deepEqual(found('# something else\nFROM box AS one'), [])
})

test('every rule has a page', () => {
  assert.deepEqual(
    Object.keys(rules).filter((rule) => !/\/[a-z]+(-[a-z]+)+\/$/.test(pageOf(rule as RuleName))),
    [],
  )
  assert.match(pageOf('JSONArgsRecommended'), /\/json-args-recommended\/$/)
  assert.match(pageOf('UndefinedArgInFrom'), /\/undefined-arg-in-from\/$/)
})
