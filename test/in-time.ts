export interface Attempt {
  readonly succeeded: boolean
  /** Milliseconds in which the product had to be waiting. */
  readonly took: number
}

/**
 * For what the product waits for a limited time only: a machine that kept the test from running for that long has shown nothing. Tries
 * until an attempt succeeds, or fails within the limit (milliseconds), which is the product's failure; resolves with which.
 */
export async function seenInTime(limit: number, attempt: () => Promise<Attempt>): Promise<boolean> {
  for (;;) {
    const { succeeded, took } = await attempt()
    if (succeeded || took < limit) return succeeded
  }
}
