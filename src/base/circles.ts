/**
 * What each waits for, without what closes a circle, so that nothing waits for ever. `direct`: by id, what it would wait for; `idOf`:
 * the id of one of these. Pure.
 */
export function withoutCircles<T>(direct: ReadonlyMap<string, readonly T[]>, idOf: (one: T) => string): Map<string, T[]> {
  const kept = new Map<string, T[]>()
  const open = new Set<string>()
  const visit = (id: string): void => {
    if (kept.has(id) || open.has(id)) return
    open.add(id)
    const own = (direct.get(id) ?? []).filter((one) => !open.has(idOf(one)))
    for (const one of own) visit(idOf(one))
    open.delete(id)
    kept.set(id, own)
  }
  for (const id of direct.keys()) visit(id)
  return kept
}
