/** What a seccomp filter is asked about (`struct seccomp_data`, seccomp(2)). */
export interface SystemCall {
  readonly number: number
  readonly architecture: number
  /** Low and high halves of the six arguments, in turn. */
  readonly args: readonly number[]
}

/** Runs a compiled seccomp filter as the kernel does; throws where it would refuse to load it. */
export function answerOf(filter: Buffer, { number, architecture, args }: SystemCall): number {
  const data = [number, architecture, 0, 0, ...args]
  let accumulator = 0
  for (let at = 0; ; at++) {
    if ((at + 1) * 8 > filter.length) throw new Error(`runs past its end at ${at}`)
    const [code, ifTrue, ifFalse, k] = [
      filter.readUInt16LE(at * 8),
      filter.readUInt8(at * 8 + 2),
      filter.readUInt8(at * 8 + 3),
      filter.readUInt32LE(at * 8 + 4),
    ]
    if (code === 0x06) return k
    if (code === 0x20) accumulator = data[k / 4] ?? Number.NaN
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0
    else if (code === 0x05) at += k
    else if (code === 0x15) at += accumulator === k ? ifTrue : ifFalse
    else if (code === 0x25) at += accumulator > k ? ifTrue : ifFalse
    else if (code === 0x35) at += accumulator >= k ? ifTrue : ifFalse
    else if (code === 0x45) at += (accumulator & k) !== 0 ? ifTrue : ifFalse
    else throw new Error(`unknown instruction 0x${code.toString(16)}`)
  }
}

/** The constants that its comparisons name: its answers change at these and beside them alone. */
export function constantsOf(filter: Buffer): number[] {
  return Array.from({ length: filter.length / 8 }, (_, at) => filter.readUInt32LE(at * 8 + 4))
}
