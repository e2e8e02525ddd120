/** What a running container takes of its machine, measured. */
export interface Use {
  /** Bytes that it holds now, without what the kernel could drop of its cache: what `docker stats` shows. */
  readonly memory: number
  /** The most that it ever had, cache included; undefined where the kernel does not say. */
  readonly most: number | undefined
  /** How many processors it had at work on average since it started. */
  readonly processors: number
  /** Milliseconds since it started. */
  readonly age: number
  /** Who its first process is. */
  readonly user: number | undefined
}

/** Of each the largest of several containers, as they run by the same declaration. */
export function largest(uses: readonly Use[]): Use | undefined {
  const [first, ...others] = uses
  if (first === undefined) return undefined
  return others.reduce(
    (most, use) => ({
      memory: Math.max(most.memory, use.memory),
      most: most.most === undefined || use.most === undefined ? undefined : Math.max(most.most, use.most),
      processors: Math.max(most.processors, use.processors),
      age: Math.max(most.age, use.age),
      user: most.user === 0 || use.user === 0 ? 0 : most.user,
    }),
    first,
  )
}
