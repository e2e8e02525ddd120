import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseImageReference } from '#base/image-reference.ts'
import { choose } from './choose.ts'
import { recipes } from './recipes.ts'

/** What is on top of the base in the answer to a name. */
function answer(name: string): string | undefined {
  const parts = choose(parseImageReference(name))?.variant.parts
  return parts
    ?.map((part) => {
      if (part.kind === 'dockerfile') return [part.folders[0], ...Object.values(part.args ?? {})].join(' ')
      return part.kind === 'base' ? part.suite : part.kind
    })
    .join(', ')
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
    'openjdk:17': 'bookworm, java openjdk-17-jdk-headless',
    'openjdk:17-alpine': 'bookworm, java openjdk-17-jdk-headless, alpine',
    'openjdk:17-jdk-slim-bullseye': 'bookworm, java openjdk-17-jdk-headless',
    'openjdk:17-jre-slim': 'bookworm, java openjdk-17-jre-headless',
    'eclipse-temurin:17-jre-alpine': 'bookworm, java openjdk-17-jre-headless, alpine',
    'eclipse-temurin:17.0.8_7-jdk-jammy': 'bookworm, java openjdk-17-jdk-headless',
    mysql: 'sid, mysql',
    'mysql:8.4': 'sid, mysql',
    'mysql:8.0.36-debian': 'sid, mysql',
    'mariadb:10.11': 'bookworm, mariadb',
    'mariadb:11.4-noble': 'trixie, mariadb',
    alpine: 'trixie, alpine',
    'alpine:3.19.1': 'trixie, alpine',
    'ubuntu:22.04': 'bookworm',
    'ubuntu:noble': 'trixie, ubuntu',
    'redis:7-alpine': 'bookworm, redis, alpine',
    'redis:alpine': 'trixie, redis, alpine',
    'postgres:13': 'bookworm, postgres 15',
    'postgres:16-alpine': 'trixie, postgres 17, alpine',
    'postgres:17.2-bookworm': 'trixie, postgres 17',
    postgres: 'sid, postgres 18',
    'nginx:1.13-alpine': 'bookworm, nginx, alpine',
    'nginx:stable': 'trixie, nginx',
    'nginx:mainline-alpine': 'sid, nginx, alpine',
    'nginx:1.27': 'trixie, nginx',
    'httpd:2.4-alpine': 'trixie, httpd, alpine',
    'node:14.17.3-alpine3.14': 'bookworm, node yarnpkg, alpine',
    'python:3.7-alpine': 'bookworm, python python3.11 python3.11-venv 3.7, alpine',
    'node:18-alpine': 'bookworm, node yarnpkg, alpine',
    'node:20.11.1-bookworm-slim': 'trixie, node',
    'node:lts': 'sid, buildpack, node',
    'node:lts-alpine': 'sid, node, alpine',
    'python:3.9-slim-buster': 'bookworm, python python3.11 python3.11-venv 3.9',
    'python:3.12': 'trixie, buildpack, python python3.13 python3.13-venv python3.13-dev 3.12',
    'python:3-alpine': 'sid, python python3.14 python3.14-venv 3.14, alpine',
    'python:slim': 'sid, python python3.14 python3.14-venv 3.14',
    'golang:1.21-alpine3.18': 'trixie, golang 1.24, alpine',
    'golang:1.25': 'sid, buildpack, golang 1.26',
    'php:8.2-fpm-alpine': 'bookworm, php 8.2, php-fpm 8.2, alpine',
    'php:8.3-apache': 'trixie, php 8.4, php-apache 8.4',
    'php:apache': 'trixie, php 8.4, php-apache 8.4',
    'php:8-cli': 'trixie, php 8.4',
    'maven:3.8.5-openjdk-17-slim': 'bookworm, java openjdk-17-jdk-headless, maven',
    'maven:3-eclipse-temurin-21-alpine': 'trixie, java openjdk-21-jdk-headless, maven, alpine',
    'maven:3-jdk-11': 'sid, java openjdk-11-jdk-headless, maven',
    'eclipse-temurin:21-jre': 'trixie, java openjdk-21-jre-headless',
    'openjdk:8-jdk-alpine': 'sid, java openjdk-8-jdk-headless, alpine',
    'openjdk:11.0.16-jre-slim': 'sid, java openjdk-11-jre-headless',
    'rabbitmq:3-management-alpine': 'bookworm, rabbitmq rabbitmq_management, alpine',
    'rabbitmq:management': 'trixie, rabbitmq rabbitmq_management',
    'haproxy:2.8': 'bookworm, haproxy',
    'registry:2': 'trixie, registry',
    'hello-world': 'busybox, hello-world',
    'valkey/valkey:8-alpine': 'trixie, redis valkey, alpine',
    'prom/prometheus': 'trixie, prometheus',
    'prom/node-exporter:v1.8.2': 'trixie, node-exporter',
    'adminer:standalone': 'trixie, php 8.4, adminer',
    'wordpress:6.7.1-php8.2-apache': 'trixie, php 8.4, php-apache 8.4, wordpress',
    'buildpack-deps:bookworm-scm': 'bookworm, buildpack',
  }
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, answer(name)])), wanted)
})

test('neither a digest nor a name from elsewhere is answered', () => {
  for (const name of [
    `debian@sha256:${'0'.repeat(64)}`,
    `debian:12@sha256:${'0'.repeat(64)}`,
    'me/debian',
    'localhost:5000/debian',
    'grafana/grafana',
  ])
    assert.equal(answer(name), undefined, name)
})

test('another tag of a known name is refused with the tags that there are', () => {
  for (const name of [
    'openjdk:12',
    'openjdk:17-windowsservercore',
    'mysql:5.7',
    'debian:buster',
    'mariadb:9',
    'python:2.7',
    'php:7.4-fpm',
    'gradle:8-jdk17',
    'node:12',
    'postgres:9.6',
    'nginx:1.27-perl',
    'wordpress:6-fpm',
    'prom/prometheus:v3.1.0',
    'valkey/valkey:9',
  ])
    assert.throws(() => answer(name), { kind: 'unavailable', message: /it can make \S+ with the tags \w/ }, name)
})

test('a well-known name that Debian has nothing for is refused with the reason', () => {
  assert.throws(() => answer('mongo:7'), { kind: 'unavailable', message: /can't make it from Debian's packages: MongoDB left Debian/ })
})

test("where unstable can't be had, the newest stable version stands in for the newest of all", () => {
  const insteadOf = (name: string): string | undefined =>
    choose(parseImageReference(name))?.variant.instead?.differs({ tag: 'latest', version: '1' })
  assert.equal(insteadOf('postgres:18'), 'PostgreSQL 1 of Debian trixie in the name of latest')
  assert.match(insteadOf('node:alpine') ?? '', /Node\.js 1 of Debian trixie in the name of latest, with glibc/)
  assert.match(insteadOf('python:3.14-slim') ?? '', /Python 1 of Debian trixie/)
  assert.equal(insteadOf('postgres:17'), undefined)
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

test('of the tags that there are, those of the same flavour are named, each version once', () => {
  assert.throws(
    () => answer('node:10-alpine'),
    /with the tags 14-alpine, 16-alpine, 18-alpine, 20-alpine, iron-alpine, (?:[\w-]*alpine(?:, )?)+$/,
  )
  assert.throws(() => answer('python:2.7-slim-buster'), /with the tags 3\.7-slim, 3\.8-slim, (?:[\d.-]*slim(?:, )?)+$/)
  assert.throws(() => answer('python:2.7'), /with the tags 3\.7, 3\.8, 3\.9, 3\.10, 3\.11, 3\.12, 3\.13, latest, 3, 3\.14$/)
})
