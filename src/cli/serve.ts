import { fileURLToPath } from 'node:url'
import { configOf, commandLineOf } from '#daemon/config.ts'
import { holdRooms } from '#daemon/hold-rooms.ts'
import { planned } from '#daemon/locate.ts'
import { runDaemon } from '#daemon/main.ts'
import { syntax } from './daemon-syntax.ts'
import { ownCommand } from './ensure-daemon.ts'
import { fail } from './fail.ts'
import { needRoot } from './need-root.ts'
import { parseOptions } from './options.ts'

/**
 * The daemon in this process, until it is told to stop; resolves with the exit code. What goes wrong is said here, as this file can be
 * a bundle with an error class of its own (newest.ts). `rooms` are the files of that bundle.
 */
export async function serve(args: readonly string[], rooms: readonly string[] = []): Promise<number> {
  try {
    holdRooms(rooms)
    const { values } = parseOptions(args, syntax)
    needRoot(`galley daemon ${args.join(' ')}`.trim())
    const options = planned(values, process.env)
    await runDaemon(configOf(options), {
      command: ownCommand(commandLineOf(options)),
      ready: fileURLToPath(new URL(import.meta.resolve('#cli/ready.ts'))),
    })
    return 0
  } catch (error) {
    return fail(error)
  }
}
