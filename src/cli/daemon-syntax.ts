import { daemonOptions } from '#daemon/config.ts'
import type { Syntax } from './command.ts'

export const syntax = {
  usage: 'daemon [start|status|stop|uninstall]',
  does: `Runs the engine in the foreground. The options name the instance, also to the words that may stand in front of them:

  start      run it in the background
  status     say whether it runs; exit code 3 when it doesn't
  stop       stop it; containers keep running, unless the machine is shutting down
  uninstall  end all that runs of it, containers too, and remove its bridges and rules; data is kept`,
  options: daemonOptions,
} as const satisfies Syntax
