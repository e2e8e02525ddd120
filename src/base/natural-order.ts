/**
 * Which of two names comes first; numbers in them count as numbers: web-2 before web-10. By code units, not by a language's rules, whose
 * tables take 6 ms to read.
 */
export function inNaturalOrder(a: string, b: string): number {
  const [ones, others] = [partsOf(a), partsOf(b)]
  for (const [index, one] of ones.entries()) {
    const other = others[index]
    if (other === undefined) return 1
    if (one === other) continue
    const difference = Number(one) - Number(other)
    return difference || (one < other ? -1 : 1)
  }
  return ones.length - others.length
}

/** Texts and numbers in turns. */
function partsOf(name: string): string[] {
  return name.split(/(\d+)/)
}
