import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { home } from '#base/home.ts'
import { standReady } from '#daemon/ready/stand-ready.ts'
import { lastingDispatch } from './newest.ts'
import { asksForVersion, printVersion } from './print-version.ts'
import { dropOutput } from './rehearsal/drop-output.ts'
import { rehearse } from './rehearsal/rehearse.ts'
import { flushed } from './written.ts'

/**
 * The ready process: `ready.ts RUN_DIRECTORY` loads Galley's own commands, rehearses some, and becomes each that is called
 * (docs/decisions/0016-ready-process.md). It ends with the daemon, whose end of standard input it sees.
 */
const [run = ''] = process.argv.slice(2)
const program = fileURLToPath(new URL('dist/cli/main.js', home))
/** Until V8 has compiled what comes often. */
const rehearsals = 5

const loaded = await lastingDispatch()
if (loaded !== undefined) {
  const { dispatch, isCurrent } = loaded
  const output = dropOutput()
  for (let turn = 0; turn < rehearsals; turn++) await rehearse(dispatch, run)
  const words = await standReady({ run, program, isCurrent })
  output[Symbol.dispose]()
  if (words !== undefined) await carryOut(words, dispatch)
}

/** As main.ts does; a copy of this process ends only by `process.exit`, and where Node would end it otherwise, says so itself. */
async function carryOut([name = 'help', ...args]: readonly string[], dispatch: NonNullable<typeof loaded>['dispatch']): Promise<never> {
  process.argv = [process.execPath, program, name, ...args]
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${inspect(error)}\n`)
    process.exit(1)
  })
  // Nothing is left to wait for, and the command has no result.
  process.on('beforeExit', () => process.exit(13))
  const code = asksForVersion(name, args) ? printVersion() : await dispatch(name, args)
  await flushed()
  process.exit(code)
}
