import { GalleyError } from '#base/error.ts'
import { resolveInTree, type SourceTree } from './tree.ts'

/** Whether a path pattern has to be matched, rather than named. */
export function isPattern(path: string): boolean {
  return /[*?[\\]/.test(path)
}

/**
 * A regular expression for one part of a path, with the rules of Go's `filepath.Match`: `*` and `?` stand for anything but a
 * slash, `[a-z]` and `[^a]` for one character of a set, a backslash makes the next one literal. Throws `invalid`.
 */
export function partPattern(pattern: string): RegExp {
  let [source, at] = ['', 0]
  const take = (): string => {
    const character = pattern[at++]
    if (character === undefined) throw new GalleyError('invalid', 'syntax error in pattern', { subject: pattern })
    return character
  }
  while (at < pattern.length) {
    const character = take()
    if (character === '*') source += '[^/]*'
    else if (character === '?') source += '[^/]'
    else if (character === '[') source += set(take, () => pattern[at])
    else source += RegExp.escape(character === '\\' ? take() : character)
  }
  return new RegExp(`^${source}$`, 'su')
}

/** `[…]`, whose opening bracket is taken already. A set needs at least one character; ranges are `a-z`. */
function set(take: () => string, peek: () => string | undefined): string {
  const negated = peek() === '^'
  if (negated) take()
  const one = (): string => {
    const character = take()
    if (character === '-' || character === ']') throw new GalleyError('invalid', 'syntax error in pattern')
    return character === '\\' ? take() : character
  }
  const parts: string[] = []
  do {
    const from = one()
    const to = peek() === '-' ? (take(), one()) : from
    // Go takes a range that runs backwards for one that nothing is in.
    if (from <= to) parts.push(`${RegExp.escape(from)}-${RegExp.escape(to)}`)
  } while (peek() !== ']')
  take()
  const inside = parts.join('')
  if (inside === '') return negated ? '[^/]' : '[]'
  return negated ? `[^/${inside}]` : `[${inside}]`
}

/**
 * The paths in a tree that a pattern stands for, in the order of their names; none when nothing fits. `deep` gives `**` its own meaning:
 * any number of directories, also none.
 */
export function matches(tree: SourceTree, pattern: string, { deep = false }: { readonly deep?: boolean } = {}): string[] {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.')
  const found = parts.reduce<string[]>(
    (parents, part, index) =>
      parents.flatMap((parent) =>
        deep && part === '**' && index < parts.length - 1 ? directories(tree, parent) : below(tree, parent, part),
      ),
    [''],
  )
  return [...new Set(found)]
}

/** A directory and all below it; no link is followed. */
function directories(tree: SourceTree, path: string): string[] {
  if (tree.entry(path)?.kind !== 'directory') return []
  return [path, ...tree.names(path).flatMap((name) => directories(tree, path === '' ? name : `${path}/${name}`))]
}

function below(tree: SourceTree, parent: string, part: string): string[] {
  const join = (name: string): string => (parent === '' ? name : `${parent}/${name}`)
  const directory = resolveInTree(tree, parent)
  if (tree.entry(directory)?.kind !== 'directory') return []
  if (!isPattern(part)) return tree.names(directory).includes(part) ? [join(part)] : []
  const fits = partPattern(part)
  return tree
    .names(directory)
    .filter((name) => fits.test(name))
    .map(join)
}
