import type { Recipe } from '../recipe.ts'
import { flavoursOf, linesOf, type Line } from './flavours.ts'

const nginxLines: readonly Line[] = [
  { suite: 'bookworm', versions: /1\.(?:1\d|2[0-4])(?:\.\d+)?/, shown: ['1.22', '1.24'] },
  { suite: 'trixie', versions: /stable|1\.2[5-8](?:\.\d+)?/, shown: ['stable', '1.26', '1.28'] },
  {
    suite: 'sid',
    versions: /latest|mainline|1(?:\.(?:29|3\d)(?:\.\d+)?)?/,
    shown: ['latest', 'mainline', '1', '1.29', '1.30'],
    newest: true,
  },
]

export const nginx: Recipe = {
  repository: 'nginx',
  variants: linesOf(nginxLines, (line) =>
    flavoursOf(line, {
      flavours: ['full', 'alpine'],
      on: () => [['nginx']],
      versionOf: 'nginx',
      config: ({ version }) => ({ Env: [`NGINX_VERSION=${version}`] }),
      what: 'nginx',
      but: "with Debian's modules, of which stream is loaded by the nginx.conf that comes along",
    }),
  ),
}

const newestIn = (suite: Line['suite'], versions: RegExp, shown: readonly string[]): Line => ({ suite, versions, shown, newest: true })

export const httpd: Recipe = {
  repository: 'httpd',
  variants: flavoursOf(newestIn('trixie', /latest|2(?:\.4(?:\.\d+)?)?/, ['latest', '2', '2.4', '2.4.x']), {
    flavours: ['full', 'alpine'],
    on: () => [['httpd']],
    versionOf: 'apache2-bin',
    config: ({ version }) => ({ Env: [`HTTPD_VERSION=${version}`] }),
    what: 'Apache httpd',
    but: 'with a short httpd.conf of its own',
  }),
}

export const memcached: Recipe = {
  repository: 'memcached',
  variants: flavoursOf(newestIn('trixie', /latest|1(?:\.[56](?:\.\d+)?)?/, ['latest', '1', '1.6', '1.6.x']), {
    flavours: ['full', 'alpine'],
    on: () => [['memcached']],
    versionOf: 'memcached',
    config: ({ version }) => ({ User: 'memcache', Env: [`MEMCACHED_VERSION=${version}`] }),
    what: 'Memcached',
  }),
}

const haproxyLines: readonly Line[] = [
  { suite: 'bookworm', versions: /2(?:\.\d+(?:\.\d+)?)?/, shown: ['2', '2.x'] },
  { suite: 'trixie', versions: /lts|3\.0(?:\.\d+)?/, shown: ['lts', '3.0'] },
  { suite: 'sid', versions: /latest|3(?:\.[1-9]\d*(?:\.\d+)?)?/, shown: ['latest', '3', '3.2'], newest: true },
]

export const haproxy: Recipe = {
  repository: 'haproxy',
  variants: linesOf(haproxyLines, (line) =>
    flavoursOf(line, {
      flavours: ['full', 'alpine'],
      on: () => [['haproxy']],
      versionOf: 'haproxy',
      config: ({ version }) => ({ User: 'haproxy', Env: [`HAPROXY_VERSION=${version}`] }),
      what: 'HAProxy',
    }),
  ),
}

export const registry: Recipe = {
  repository: 'registry',
  variants: flavoursOf(
    { suite: 'trixie', versions: /latest|2(?:\.[78](?:\.\d+)?)?/, shown: ['latest', '2', '2.8', '2.8.x'] },
    { flavours: ['full'], on: () => [['registry']], versionOf: 'docker-registry', what: 'Distribution' },
  ),
}
