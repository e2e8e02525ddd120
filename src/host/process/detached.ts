import { getRawPointer } from 'node:ffi'
import { bind, SystemCallError } from '#host/kernel/library.ts'

const libc = bind({
  posix_spawn: { arguments: ['buffer', 'string', 'buffer', 'buffer', 'buffer', 'buffer'], return: 'i32' },
  posix_spawn_file_actions_init: { arguments: ['buffer'], return: 'i32' },
  posix_spawn_file_actions_destroy: { arguments: ['buffer'], return: 'i32' },
  posix_spawn_file_actions_adddup2: { arguments: ['buffer', 'i32', 'i32'], return: 'i32' },
  posix_spawn_file_actions_addopen: { arguments: ['buffer', 'i32', 'string', 'i32', 'u32'], return: 'i32' },
  posix_spawn_file_actions_addchdir_np: { arguments: ['buffer', 'string'], return: 'i32' },
  posix_spawnattr_init: { arguments: ['buffer'], return: 'i32' },
  posix_spawnattr_setflags: { arguments: ['buffer', 'i16'], return: 'i32' },
  posix_spawnattr_setsigdefault: { arguments: ['buffer', 'buffer'], return: 'i32' },
  posix_spawnattr_setsigmask: { arguments: ['buffer', 'buffer'], return: 'i32' },
})

const newer = bindNewer()

/** Since glibc 2.34; before, a process also has what this one was itself started with, and not told to close. */
function bindNewer() {
  try {
    return bind({ posix_spawn_file_actions_addclosefrom_np: { arguments: ['buffer', 'i32'], return: 'i32' } })
  } catch {
    return undefined
  }
}

/** spawn.h: signals as a fresh process has them, and a session of its own. */
const [SETSIGDEF, SETSIGMASK, SETSID] = [0x04, 0x08, 0x80]
/** Bytes, more than these structures have on any architecture. */
const [actionsSize, attributesSize, signalSetSize] = [256, 512, 128]
const [O_RDONLY, O_RDWR] = [0, 2]

export interface DetachedProcess {
  /** Absolute. */
  readonly program: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** What it has as its input, output and error output: descriptors, or nothing. */
  readonly stdio: readonly (number | 'ignore')[]
}

/**
 * Starts a process in a session of its own and in the root directory; returns its id. Whoever starts it reaps it (`reap`,
 * host/kernel/orphans.ts). Node copies itself for each process that it starts, 1 ms for a keeper; the C library lends it the memory
 * until it runs (vfork(2)), 0.2 ms. Throws `SystemCallError`.
 */
export function spawnDetached({ program, args, environment, stdio }: DetachedProcess): number {
  const [pid, actions, attributes] = [Buffer.alloc(4), Buffer.alloc(actionsSize), attributesOf()]
  libc.posix_spawn_file_actions_init(actions)
  try {
    for (const [index, end] of stdio.entries()) {
      if (end !== 'ignore') libc.posix_spawn_file_actions_adddup2(actions, end, index)
      else libc.posix_spawn_file_actions_addopen(actions, index, '/dev/null', index === 0 ? O_RDONLY : O_RDWR, 0)
    }
    newer?.posix_spawn_file_actions_addclosefrom_np(actions, stdio.length)
    libc.posix_spawn_file_actions_addchdir_np(actions, '/')
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const error = libc.posix_spawn(pid, program, actions, attributes, stringArray([program, ...args]), stringArray(variables))
    if (error !== 0) throw new SystemCallError('posix_spawn', error, program)
    return pid.readInt32LE(0)
  } finally {
    libc.posix_spawn_file_actions_destroy(actions)
  }
}

function attributesOf(): Buffer {
  const attributes = Buffer.alloc(attributesSize)
  libc.posix_spawnattr_init(attributes)
  libc.posix_spawnattr_setflags(attributes, SETSIGDEF | SETSIGMASK | SETSID)
  libc.posix_spawnattr_setsigdefault(attributes, Buffer.alloc(signalSetSize, 0xff))
  libc.posix_spawnattr_setsigmask(attributes, Buffer.alloc(signalSetSize))
  return attributes
}

/** A `char *[]` that ends with NULL, and behind it in the same memory the strings that it points to, so that they live as long. */
function stringArray(strings: readonly string[]): Buffer {
  const pointerSize = 8
  const texts = strings.map((text) => Buffer.from(`${text}\0`))
  const head = (strings.length + 1) * pointerSize
  const memory = Buffer.alloc(head + texts.reduce((sum, { length }) => sum + length, 0))
  const address = getRawPointer(memory)
  let at = head
  for (const [index, text] of texts.entries()) {
    memory.writeBigUInt64LE(address + BigInt(at), index * pointerSize)
    text.copy(memory, at)
    at += text.length
  }
  return memory
}
