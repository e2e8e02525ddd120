import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { withPuts, type Put } from './put.ts'

const cases: readonly (readonly [what: string, before: string, puts: readonly Put[], after: string | undefined])[] = [
  [
    'a list is taken the place of where that is said, in brackets and in lines',
    'services:\n  a:\n    test: ["CMD", "x"] # why\n  b:\n    test:\n      - CMD\n      - x\n    c: 1\n',
    [
      { path: ['services', 'a', 'test'], value: ['CMD', 'z'], replaces: true },
      { path: ['services', 'b', 'test'], value: 'z', replaces: true },
    ],
    'services:\n  a:\n    test: ["CMD", "z"] # why\n  b:\n    test: z\n    c: 1\n',
  ],
  ['nothing takes the place of a list with comments', 'a:\n  - x # why\n  - y\n', [{ path: ['a'], value: 'z', replaces: true }], undefined],
  ['nothing takes the place of what has an anchor', 'a: &it [x]\nb: *it\n', [{ path: ['a'], value: 'z', replaces: true }], undefined],
  [
    'an entry comes behind the last one of its mapping, before the comments and empty lines below',
    'services:\n    db: # the data\n        image: x:1 # one\n\n    # another\n    app:\n        image: y:1\n',
    [{ path: ['services', 'db', 'healthcheck'], value: { test: ['CMD', 'true'], interval: '5s' } }],
    'services:\n    db: # the data\n        image: x:1 # one\n        healthcheck:\n            test: ["CMD", "true"]\n            interval: 5s\n\n    # another\n    app:\n        image: y:1\n',
  ],
  [
    'mappings that are missing on the way are made',
    'services:\n  a:\n    image: x:1',
    [{ path: ['services', 'a', 'deploy', 'resources', 'limits'], value: { memory: '64M', cpus: '1' } }],
    'services:\n  a:\n    image: x:1\n    deploy:\n      resources:\n        limits:\n          memory: 64M\n          cpus: "1"\n',
  ],
  [
    'those that are there are merged with',
    'services:\n  a:\n    deploy:\n      resources:\n        limits: {cpus: "2"}\n      replicas: 2\n',
    [{ path: ['services', 'a', 'deploy', 'resources', 'limits'], value: { memory: '64M' } }],
    'services:\n  a:\n    deploy:\n      resources:\n        limits: {cpus: "2", memory: 64M}\n      replicas: 2\n',
  ],
  [
    'a section that is missing comes last, apart where sections are apart',
    'name: x\n\nservices:\n  a:\n    image: x:1\n    volumes:\n      - ./b:/b # mine\n',
    [
      { path: ['services', 'a', 'volumes'], value: ['data:/data'] },
      { path: ['volumes', 'data'], value: null },
    ],
    'name: x\n\nservices:\n  a:\n    image: x:1\n    volumes:\n      - ./b:/b # mine\n      - data:/data\n\nvolumes:\n  data:\n',
  ],
  [
    'lists in brackets and mappings in braces grow where they are',
    'services: {a: {image: x:1, volumes: ["./b:/b"]}, e: {}}\nvolumes: {}\n',
    [
      { path: ['services', 'a', 'volumes'], value: ['data:/data'] },
      { path: ['services', 'e', 'restart'], value: 'unless-stopped' },
      { path: ['volumes', 'data'], value: null },
    ],
    'services: {a: {image: x:1, volumes: ["./b:/b", "data:/data"]}, e: { restart: unless-stopped }}\nvolumes: { data: }\n',
  ],
  [
    'a section without anything in it gets something',
    'services:\n  a:\n    image: x:1\nvolumes: # none yet\n',
    [{ path: ['volumes', 'data'], value: null }],
    'services:\n  a:\n    image: x:1\nvolumes: # none yet\n  data:\n',
  ],
  [
    'a list of names becomes a mapping, with the comments beside them',
    'services:\n  a:\n    depends_on:\n    - db # first\n    # then\n    - mq\n    image: x:1\n',
    [{ path: ['services', 'a', 'depends_on'], value: { db: { condition: 'service_healthy' } }, others: { condition: 'service_started' } }],
    'services:\n  a:\n    depends_on:\n      db: # first\n        condition: service_healthy\n    # then\n      mq:\n        condition: service_started\n    image: x:1\n',
  ],
  [
    'so does one in brackets',
    'services:\n  a:\n    depends_on: [db] # why\n    image: x:1\n',
    [{ path: ['services', 'a', 'depends_on'], value: { db: { condition: 'service_healthy' } } }],
    'services:\n  a:\n    depends_on: # why\n      db:\n        condition: service_healthy\n    image: x:1\n',
  ],
  [
    'a word takes the place of another',
    'services:\n  a:\n    depends_on:\n      db: {condition: service_started} # x\n',
    [{ path: ['services', 'a', 'depends_on', 'db', 'condition'], value: 'service_healthy' }],
    'services:\n  a:\n    depends_on:\n      db: {condition: service_healthy} # x\n',
  ],
  [
    'block scalars and line ends of Windows are kept',
    'services:\r\n  a:\r\n    command: |\r\n      one\r\n      two\r\n  b:\r\n    image: x\r\n',
    [{ path: ['services', 'a', 'init'], value: true }],
    'services:\r\n  a:\r\n    command: |\r\n      one\r\n      two\r\n    init: true\r\n  b:\r\n    image: x\r\n',
  ],
  ['an alias is nobody’s place', 'x: &a {image: y}\nservices:\n  a: *a\n', [{ path: ['services', 'a', 'init'], value: true }], undefined],
  ['neither are two documents', 'services: {}\n---\nservices: {}\n', [{ path: ['services', 'a', 'init'], value: true }], undefined],
]

for (const [what, before, puts, after] of cases) test(what, () => assert.equal(withPuts(before, puts), after))

test('what is put is there, and all else is as it was', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd e', '#f', 'no')
  const leaf = fc.oneof(word, fc.constant(null), fc.array(word, { maxLength: 3 }))
  const { value: node } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, leaf, fc.dictionary(word, tie('value'), { maxKeys: 3 })),
  }))
  const root = fc.dictionary(word, node, { minKeys: 1, maxKeys: 4 })
  fc.assert(
    fc.property(
      root,
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(2, 4),
      fc.constantFrom('block', 'flow'),
      (given, path, indent, collectionStyle) => {
        const text = stringify(given, { indent, nullStr: '', collectionStyle })
        const changed = withPuts(text, [{ path, value: { fresh: ['x'] } }])
        if (changed === undefined) return
        const wanted = structuredClone(given) as Record<string, unknown>
        let inner = wanted
        // A list of nothing is taken for a mapping of nothing.
        for (const key of path) inner = (inner[key] = isMapping(inner[key]) ? inner[key] : {}) as Record<string, unknown>
        inner['fresh'] = ['x']
        assert.deepEqual(parse(changed), parse(stringify(wanted)))
      },
    ),
  )
})

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
