/** What `make` gives, made with the first call. What fails, or is a promise that does, is made anew with the next call. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    if (made !== undefined) return made.value
    const fresh = { value: make() }
    made = fresh
    // Such as for too many open files. Whoever asked is told by the promise itself.
    if (fresh.value instanceof Promise) fresh.value.catch(() => made === fresh && (made = undefined))
    return fresh.value
  }
}
