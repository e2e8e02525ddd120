import { GalleyError } from '#base/error.ts'
import { bind, textAt } from '#host/kernel/library.ts'
import { runSync } from '#host/process/run.ts'

const definitions = {
  nft_ctx_new: { arguments: ['u32'], return: 'pointer' },
  nft_run_cmd_from_buffer: { arguments: ['pointer', 'string'], return: 'i32' },
  nft_ctx_buffer_error: { arguments: ['pointer'], return: 'i32' },
  nft_ctx_buffer_output: { arguments: ['pointer'], return: 'i32' },
  nft_ctx_get_output_buffer: { arguments: ['pointer'], return: 'pointer' },
  nft_ctx_output_set_flags: { arguments: ['pointer', 'u32'], return: 'void' },
  nft_ctx_set_dry_run: { arguments: ['pointer', 'u8'], return: 'void' },
  nft_ctx_free: { arguments: ['pointer'], return: 'void' },
  nft_ctx_get_error_buffer: { arguments: ['pointer'], return: 'pointer' },
} as const

type Attempt = (commands: string) => string | undefined

const attempts = 8
let attempt: Attempt | undefined

/**
 * Runs nft(8) commands as one transaction in the network namespace that the thread has at the first call. Another program's change at the same time makes it
 * fail once in a while (EINTR, about 1 in 200): tried again. Throws `not found` when the table or an element is not there,
 * `internal` for other refusals.
 */
export function nft(commands: string): void {
  attempt ??= viaLibrary({ lasting: true }) ?? viaTool
  let failure: string | undefined
  for (let count = 0; count < attempts; count++) {
    failure = attempt(commands)
    if (failure === undefined) return
    if (!/Interrupted system call|Resource (busy|temporarily)/.test(failure)) break
  }
  throw refusal(failure ?? '')
}

/** As `nft`, but in the network namespace that the thread has now; for a namespace that is changed once. Throws `already exists`, too. */
export function nftHere(commands: string): void {
  const attempt = viaLibrary({ lasting: false }) ?? viaTool
  const failure = attempt(commands)
  if (failure !== undefined) throw refusal(failure)
}

/** What a command that lists prints, in the network namespace that the thread has now. Throws as `nftHere`. */
export function nftListHere(command: string): string {
  const library = load()
  const context = library?.nft_ctx_new(0)
  if (library === undefined || context === null || context === undefined) {
    const { code, stdout, stderr } = runSync('nft', command.split(' '))
    if (code !== 0) throw refusal(stderr)
    return stdout
  }
  library.nft_ctx_buffer_error(context)
  library.nft_ctx_buffer_output(context)
  const failed = library.nft_run_cmd_from_buffer(context, command) !== 0
  const text = textAt(failed ? library.nft_ctx_get_error_buffer(context) : library.nft_ctx_get_output_buffer(context))
  library.nft_ctx_free(context)
  if (failed) throw refusal(text)
  return text
}

function refusal(failure: string): GalleyError {
  const kind = /No such file or directory/.test(failure) ? 'not found' : /File exists/.test(failure) ? 'already exists' : 'internal'
  return new GalleyError(kind, `nftables refused a change: ${failure.trim()}`, { code: 'nftables.refused' })
}

/** A table (family and name) as nft(8) lists it, without the elements of its sets; undefined when it isn't there. */
export function listTable(table: string): string | undefined {
  const library = load()
  const context = library?.nft_ctx_new(0)
  if (library === undefined || context === null || context === undefined) {
    const { code, stdout } = runSync('nft', ['--terse', 'list', 'table', ...table.split(' ')])
    return code === 0 ? stdout : undefined
  }
  const NFT_CTX_OUTPUT_TERSE = 1 << 11
  library.nft_ctx_buffer_error(context)
  library.nft_ctx_buffer_output(context)
  library.nft_ctx_output_set_flags(context, NFT_CTX_OUTPUT_TERSE)
  const failed = library.nft_run_cmd_from_buffer(context, `list table ${table}`) !== 0
  const text = failed ? undefined : textAt(library.nft_ctx_get_output_buffer(context))
  library.nft_ctx_free(context)
  return text
}

/** Twenty times as fast as starting the tool; undefined on a host without the library. */
function viaLibrary({ lasting }: { readonly lasting: boolean }): Attempt | undefined {
  const library = load()
  if (library === undefined) return undefined
  const context = library.nft_ctx_new(0)
  if (context === null || library.nft_ctx_buffer_error(context) !== 0) return undefined
  // One context for good: making one reads the host's name tables each time. It stays in the namespace that it was made in.
  return (commands) => {
    const failure = library.nft_run_cmd_from_buffer(context, commands) === 0 ? undefined : textAt(library.nft_ctx_get_error_buffer(context))
    if (lasting) forgetTables(library, context)
    else library.nft_ctx_free(context)
    return failure
  }
}

/**
 * Lets go of what a context read of the host's tables: 0.6 MB for each of them, and out of date with the change itself. There is no
 * call for it; the end of a dry run does it.
 */
function forgetTables(library: Library, context: bigint): void {
  library.nft_ctx_set_dry_run(context, 1)
  library.nft_run_cmd_from_buffer(context, '')
  library.nft_ctx_set_dry_run(context, 0)
}

type Library = NonNullable<ReturnType<typeof load>>

function load() {
  try {
    return bind(definitions, 'libnftables.so.1')
  } catch {
    return undefined
  }
}

function viaTool(commands: string): string | undefined {
  const { code, stderr } = runSync('nft', ['-f', '-'], commands)
  return code === 0 ? undefined : stderr
}
