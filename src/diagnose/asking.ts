import type { Ground } from './ground.ts'

/** What can stand between quotes of a program's text without ending them, and means nothing to Compose. */
const harmless = /^http:\/\/[\w.:/?=&%~,+[\]-]+$/

/** How each program asks for a page and fails when there is none, the plainest first. */
const ways: readonly (readonly [program: string, words: (url: string) => readonly string[]])[] = [
  ['wget', (url) => ['wget', '-q', '-O', '/dev/null', url]],
  ['curl', (url) => ['curl', '-fsS', '-o', '/dev/null', url]],
  ['node', (url) => ['node', '-e', `fetch('${url}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`]],
  ['python3', (url) => ['python3', '-c', `import urllib.request as r; r.urlopen('${url}', timeout=5)`]],
  ['php', (url) => ['php', '-r', `exit(@file_get_contents('${url}') === false ? 1 : 0);`]],
]

/** The words by which a health check asks for a page with a program that the image has; undefined where it has none that is known. */
export function askingWords({ look }: Ground, url: string): readonly string[] | undefined {
  if (!harmless.test(url)) return undefined
  const has = (program: string): boolean =>
    ['/bin', '/usr/bin', '/usr/local/bin'].some((directory) => {
      const standing = look(`${directory}/${program}`)
      return standing !== undefined && standing !== 'unknown' && standing.executable
    })
  return ways.find(([program]) => has(program))?.[1](url)
}
