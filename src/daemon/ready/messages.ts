import type { End } from '#host/process/children.ts'

/**
 * What is said on the socket of the ready process; the other side is `packaging/hand-over.pl`. The command, when it has all of its
 * caller: its process id, 4 bytes in the machine's order. The caller, when it gives the command away: any byte; before that nothing has
 * happened, and it can go the ordinary way. Then how the command ended, 2 bytes.
 */
export function takenMessage(pid: number): Buffer {
  const message = Buffer.alloc(4)
  message.writeInt32LE(pid)
  return message
}

/** 0 and an exit code, or 1 and a signal's number. */
export function endMessage({ by, number }: End): Buffer {
  return Buffer.from([by === 'code' ? 0 : 1, number])
}
