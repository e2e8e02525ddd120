import { bind } from '#host/kernel/library.ts'
import { GalleyError } from '#base/error.ts'

const library = bind(
  {
    nft_ctx_new: { arguments: ['u32'], return: 'pointer' },
    nft_run_cmd_from_buffer: { arguments: ['pointer', 'string'], return: 'i32' },
    nft_ctx_buffer_error: { arguments: ['pointer'], return: 'i32' },
    nft_ctx_get_error_buffer: { arguments: ['pointer'], return: 'string' },
    nft_ctx_free: { arguments: ['pointer'], return: 'void' },
  },
  'libnftables.so.1',
)

const attempts = 5

/** Runs nft(8) commands as one transaction. Another program's change at the same time makes it fail once in a while: tried again. */
export function nft(commands: string): void {
  let message = ''
  for (let attempt = 0; attempt < attempts; attempt++) {
    const failure = attemptOnce(commands)
    if (failure === undefined) return
    message = failure
    if (!/Interrupted system call|Resource (busy|temporarily)/.test(message)) break
  }
  throw new GalleyError('internal', `nftables refused a change: ${message.trim()}`, { code: 'nftables.refused' })
}

function attemptOnce(commands: string): string | undefined {
  const context = library.nft_ctx_new(0)
  if (context === null) return 'no context'
  try {
    library.nft_ctx_buffer_error(context)
    return library.nft_run_cmd_from_buffer(context, commands) === 0 ? undefined : String(library.nft_ctx_get_error_buffer(context))
  } finally {
    library.nft_ctx_free(context)
  }
}
