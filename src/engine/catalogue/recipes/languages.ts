import type { Recipe, Suite } from '../recipe.ts'
import { flavoursOf, linesOf, type Flavour, type Line, type Step } from './flavours.ts'

const all: readonly Flavour[] = ['full', 'slim', 'alpine']

/** In their full form, images of languages come with compilers and tools. */
function equipped(flavour: Flavour, ...steps: readonly Step[]): readonly Step[] {
  return flavour === 'full' ? [['buildpack'], ...steps] : steps
}

const nodeLines: readonly Line[] = [
  { suite: 'bookworm', versions: /(?:1[4-8])(?:\.\d+){0,2}/, shown: ['14', '16', '18', '18.x'] },
  { suite: 'trixie', versions: /(?:19|20|21)(?:\.\d+){0,2}|iron/, shown: ['20', '20.x', 'iron'] },
  {
    suite: 'sid',
    versions: /latest|lts|current|node|jod|krypton|(?:2[2-5])(?:\.\d+){0,2}/,
    shown: ['latest', 'lts', 'current', '22', '24', '24.x'],
    newest: true,
  },
]

export const node: Recipe = {
  repository: 'node',
  variants: linesOf(nodeLines, (line) =>
    flavoursOf(line, {
      flavours: all,
      on: (flavour) => equipped(flavour, ['node', line.suite === 'bookworm' ? { YARN: 'yarnpkg' } : {}]),
      versionOf: 'nodejs',
      config: ({ version }) => ({ Env: [`NODE_VERSION=${version}`] }),
      what: 'Node.js',
      but: line.suite === 'bookworm' ? "with Debian's npm and yarn" : "with Debian's npm; yarn comes from the registry at its first call",
    }),
  ),
}

interface Python extends Line {
  /** The version that the suite has. */
  readonly own: string
  readonly asked: string
}

/** An interpreter serves the minor versions before it that have none of their own. */
function pythonsOf(suite: Suite, own: string, older: readonly string[], newest = false): readonly Python[] {
  return [...older, own].map((asked) => {
    const versions = `${newest ? 'latest|3|' : ''}${asked.replace('.', '\\.')}(?:\\.\\d+)?`
    const shown = newest ? ['latest', '3', asked] : [asked, `${asked}.x`]
    return { suite, own, asked, versions: new RegExp(versions), shown, newest }
  })
}

const pythons: readonly Python[] = [
  ...pythonsOf('bookworm', '3.11', ['3.7', '3.8', '3.9', '3.10']),
  ...pythonsOf('trixie', '3.13', ['3.12']),
  ...pythonsOf('sid', '3.14', [], true),
]

export const python: Recipe = {
  repository: 'python',
  variants: linesOf(pythons, ({ own, asked, ...line }) =>
    flavoursOf(line, {
      flavours: all,
      on: (flavour) => {
        const packages = `python${own} python${own}-venv${flavour === 'full' ? ` python${own}-dev` : ''}`
        return equipped(flavour, ['python', { PACKAGES: packages, ASKED: asked }])
      },
      versionOf: `python${own}`,
      config: ({ version }) => ({ Env: [`PYTHON_VERSION=${version}`] }),
      what: 'Python',
    }),
  ),
}

interface Go extends Line {
  readonly own: string
}

const gos: readonly Go[] = [
  { suite: 'bookworm', own: '1.19', versions: /1\.1[3-9](?:\.\d+)?/, shown: ['1.18', '1.19'] },
  { suite: 'trixie', own: '1.24', versions: /1\.2[0-4](?:\.\d+)?/, shown: ['1.20', '1.21', '1.22', '1.23', '1.24'] },
  { suite: 'sid', own: '1.26', versions: /1\.2[56](?:\.\d+)?/, shown: ['1.25', '1.26'] },
  { suite: 'sid', own: '1.27', versions: /latest|1(?:\.27(?:\.\d+)?)?/, shown: ['latest', '1', '1.27'], newest: true },
]

export const golang: Recipe = {
  repository: 'golang',
  variants: linesOf(gos, ({ own, ...line }) =>
    flavoursOf(line, {
      flavours: ['full', 'alpine'],
      on: (flavour) => equipped(flavour, ['golang', { VERSION: own }]),
      versionOf: `golang-${own}-go`,
      config: ({ version }) => ({ Env: [`GOLANG_VERSION=${version}`] }),
      what: 'Go',
    }),
  ),
}
