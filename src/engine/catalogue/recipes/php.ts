import type { Recipe, Variant } from '../recipe.ts'
import { flavoursOf, type Line, type Step } from './flavours.ts'

interface Php extends Line {
  readonly own: string
}

const lines: readonly Php[] = [
  { suite: 'bookworm', own: '8.2', versions: /8\.[0-2](?:\.\d+)?/, shown: ['8.1', '8.2', '8.2.x'] },
  { suite: 'trixie', own: '8.4', versions: /8(?:\.[3-5](?:\.\d+)?)?/, shown: ['8', '8.3', '8.4', '8.4.x'], newest: true },
]

interface Way {
  /** As it stands behind the version in a tag. */
  readonly word: string
  readonly alone: boolean
  readonly on: (version: string) => readonly Step[]
  readonly flavours: readonly ('full' | 'alpine')[]
}

const ways: readonly Way[] = [
  { word: '-fpm', alone: true, flavours: ['full', 'alpine'], on: (version) => [['php-fpm', { VERSION: version }]] },
  { word: '-apache', alone: true, flavours: ['full'], on: (version) => [['php-apache', { VERSION: version }]] },
  { word: '(?:-cli)?', alone: false, flavours: ['full', 'alpine'], on: () => [] },
]

function variantsOf({ own, ...line }: Php, { word, alone, on, flavours }: Way): readonly Variant[] {
  const newest = line.newest === true ? (alone ? `|${word.slice(1)}` : '|latest|cli') : ''
  const shown = alone ? line.shown.map((version) => `${version}${word}`) : line.shown.flatMap((version) => [version, `${version}-cli`])
  return flavoursOf(
    {
      suite: line.suite,
      versions: new RegExp(`(?:${line.versions.source})${word}${newest}`),
      shown,
      newest: line.newest === true && !alone,
    },
    {
      flavours,
      on: () => [['php', { VERSION: own }], ...on(own)],
      versionOf: `php${own}-cli`,
      config: ({ version }) => ({ Env: [`PHP_VERSION=${version}`] }),
      what: 'PHP',
      but: "whose docker-php-ext-install and pecl install Debian's packages",
    },
  )
}

export const php: Recipe = { repository: 'php', variants: lines.flatMap((line) => ways.flatMap((way) => variantsOf(line, way))) }

/** The same under both of its names. */
export const phpmyadmin: readonly Recipe[] = ['phpmyadmin', 'phpmyadmin/phpmyadmin'].map((repository) => ({
  repository,
  variants: flavoursOf(
    { suite: 'trixie', versions: /(?:latest|5(?:\.\d+){0,2})(?:-apache)?|apache/, shown: ['latest', '5', '5.2', '5-apache'] },
    {
      flavours: ['full'],
      on: () => [['php', { VERSION: '8.4' }], ['php-apache', { VERSION: '8.4' }], ['phpmyadmin']],
      versionOf: 'phpmyadmin',
      config: ({ version }) => ({ Env: [`VERSION=${version}`] }),
      what: 'phpMyAdmin',
    },
  ),
}))

/** PHP's own server shows the pages of Debian's Adminer. */
export const adminer: Recipe = {
  repository: 'adminer',
  variants: flavoursOf(
    {
      suite: 'trixie',
      versions: /(?:latest|[45](?:\.\d+){0,2})(?:-standalone)?|standalone/,
      shown: ['latest', '5', '5.x', '5-standalone', 'standalone'],
    },
    {
      flavours: ['full'],
      on: () => [['php', { VERSION: '8.4' }], ['adminer']],
      versionOf: 'adminer',
      config: ({ version }) => ({ User: 'adminer', Env: [`ADMINER_VERSION=${version}`] }),
      what: 'Adminer',
    },
  ),
}

export const wordpress: Recipe = {
  repository: 'wordpress',
  variants: flavoursOf(
    {
      suite: 'trixie',
      versions: /(?:latest|[56](?:\.\d+){0,2}|(?:[56](?:\.\d+){0,2}-)?php8(?:\.\d)?)(?:-apache)?|apache/,
      shown: ['latest', '6', '6.x', 'apache', '6-apache', 'php8.x-apache'],
    },
    {
      flavours: ['full'],
      on: () => [['php', { VERSION: '8.4' }], ['php-apache', { VERSION: '8.4' }], ['wordpress']],
      versionOf: 'wordpress',
      config: ({ version }) => ({ Env: [`WORDPRESS_VERSION=${version}`] }),
      what: 'WordPress',
      but: 'with one theme and in English',
    },
  ),
}
