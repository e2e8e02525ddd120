/** What differs between two texts as the hunks of a unified diff, with so many lines around. */
export function hunks(before: string, after: string, context: number): string[] {
  const edits = editsOf(before.split('\n'), after.split('\n'))
  const shown = edits.map((_edit, at) => edits.slice(Math.max(0, at - context), at + context + 1).some(({ sign }) => sign !== ' '))
  const lines: string[] = []
  let [old, renewed] = [1, 1]
  for (let at = 0; at < edits.length;) {
    const end = shown[at] === true ? endOfRun(shown, at) : at + 1
    const run = edits.slice(at, end)
    const [gone, come] = [run.filter(({ sign }) => sign !== '+').length, run.filter(({ sign }) => sign !== '-').length]
    if (shown[at] === true) lines.push(`@@ -${range(old, gone)} +${range(renewed, come)} @@`, ...run.map(({ sign, line }) => sign + line))
    old += gone
    renewed += come
    at = end
  }
  return lines
}

interface Edit {
  readonly sign: ' ' | '-' | '+'
  readonly line: string
}

function endOfRun(shown: readonly boolean[], from: number): number {
  const end = shown.indexOf(false, from)
  return end < 0 ? shown.length : end
}

/** As diff(1) counts: nothing at all stands behind the line before it. */
function range(start: number, count: number): string {
  if (count === 1) return String(start)
  return count === 0 ? `${start - 1},0` : `${start},${count}`
}

/** By the longest sequence of lines that both have. What both begin and end with needs no search. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let tail = 0
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => ({ sign: ' ', line }))
  const middle = searched(before.slice(head, before.length - tail), after.slice(head, after.length - tail))
  // A text that ends with its last line's end has nothing behind it.
  const last = before.slice(before.length - tail)
  return [...same(before.slice(0, head)), ...middle, ...same(last.at(-1) === '' ? last.slice(0, -1) : last)]
}

function searched(before: readonly string[], after: readonly string[]): Edit[] {
  const width = after.length + 1
  const common = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] =
        before[i] === after[j] ? 1 + common[(i + 1) * width + j + 1]! : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!) // all within the table
  const edits: Edit[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    const [gone, come] = [before[i], after[j]]
    if (gone !== undefined && gone === come) {
      edits.push({ sign: ' ', line: gone })
      i++
      j++
    } else if (gone !== undefined && (come === undefined || common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      edits.push({ sign: '-', line: gone })
      i++
    } else {
      edits.push({ sign: '+', line: come ?? '' })
      j++
    }
  }
  return edits
}
