/** All of them one after the other, each behind those that come before it, and else as they stand. What goes round in a circle is cut. */
export function inSequence<Item>(all: readonly Item[], before: (item: Item) => readonly Item[]): Item[] {
  const seen = new Set<Item>()
  const sequence: Item[] = []
  const put = (item: Item): void => {
    if (seen.has(item)) return
    seen.add(item)
    for (const other of before(item)) put(other)
    sequence.push(item)
  }
  for (const item of all) put(item)
  return sequence
}
