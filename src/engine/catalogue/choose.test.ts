import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseImageReference } from '#base/image-reference.ts'
import { choose } from './choose.ts'
import { recipes } from './recipes.ts'

/** What is in the top layer of the answer to a name. */
function answer(name: string): string | undefined {
  const top = choose(parseImageReference(name))?.variant.layers.at(-1)
  return top?.kind === 'packages' ? top.packages[0] : top?.kind === 'base' ? top.suite : top?.kind
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
    'openjdk:17': 'openjdk-17-jdk-headless',
    'openjdk:17-alpine': 'openjdk-17-jdk-headless',
    'openjdk:17-jdk-slim-bullseye': 'openjdk-17-jdk-headless',
    'openjdk:17-jre-slim': 'openjdk-17-jre-headless',
    'eclipse-temurin:17-jre-alpine': 'openjdk-17-jre-headless',
    'eclipse-temurin:17.0.8_7-jdk-jammy': 'openjdk-17-jdk-headless',
    mysql: 'mysql-server-core',
    'mysql:8.4': 'mysql-server-core',
    'mysql:8.0.36-debian': 'mysql-server-core',
    'mariadb:10.11': 'mariadb-server-core',
    'mariadb:11.4-noble': 'mariadb-server-core',
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
