import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseImageReference } from '#base/image-reference.ts'
import { choose } from './choose.ts'
import { recipes } from './recipes.ts'

/** What is in the top layer of the answer to a name. */
function answer(name: string): string | undefined {
  const top = choose(parseImageReference(name))?.variant.parts.at(-1)
  if (top?.kind === 'dockerfile') return [top.suite, top.folders[0], ...Object.values(top.args ?? {})].join(' ')
  return top?.kind === 'base' ? top.suite : top?.kind
}

test('well-known names are answered, with the default tag too', () => {
  const wanted = {
    busybox: 'busybox',
    'busybox:1.36.1-musl': 'busybox',
    debian: 'trixie',
    'debian:12': 'bookworm',
    'debian:12.5-slim': 'bookworm',
    'debian:bookworm-20250520-slim': 'bookworm',
    'docker.io/library/debian:bookworm': 'bookworm',
    'openjdk:17': 'bookworm java openjdk-17-jdk-headless',
    'openjdk:17-alpine': 'bookworm java openjdk-17-jdk-headless',
    'openjdk:17-jdk-slim-bullseye': 'bookworm java openjdk-17-jdk-headless',
    'openjdk:17-jre-slim': 'bookworm java openjdk-17-jre-headless',
    'eclipse-temurin:17-jre-alpine': 'bookworm java openjdk-17-jre-headless',
    'eclipse-temurin:17.0.8_7-jdk-jammy': 'bookworm java openjdk-17-jdk-headless',
    mysql: 'sid mysql',
    'mysql:8.4': 'sid mysql',
    'mysql:8.0.36-debian': 'sid mysql',
    'mariadb:10.11': 'bookworm mariadb',
    'mariadb:11.4-noble': 'trixie mariadb',
  }
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, answer(name)])), wanted)
})

test('neither a digest nor a name from elsewhere is answered', () => {
  for (const name of [
    `debian@sha256:${'0'.repeat(64)}`,
    `debian:12@sha256:${'0'.repeat(64)}`,
    'me/debian',
    'localhost:5000/debian',
    'postgres',
  ])
    assert.equal(answer(name), undefined, name)
})

test('another tag of a known name is refused with the tags that there are', () => {
  for (const name of ['openjdk:11', 'openjdk:17-windowsservercore', 'mysql:5.7', 'debian:buster', 'mariadb:9'])
    assert.throws(() => answer(name), { kind: 'unavailable', message: /it can make \w+ with the tags \w/ }, name)
})

test('each tag that a person is told of is answered by the variant that says so', () => {
  for (const { repository, variants } of recipes) {
    for (const variant of variants) {
      for (const shown of variant.tags.filter((tag) => !tag.startsWith('…'))) {
        const tag = shown.replaceAll(/\b[xy]\b/g, '4')
        assert.equal(choose(parseImageReference(`${repository}:${tag}`))?.variant, variant, `${repository}:${tag}`)
      }
    }
  }
})
