import { dirname } from 'node:path'
import { newerDocker } from './newer-clients.ts'

/** For `test/run.sh`: prints the directory of a docker command that has the options of today, where this machine's is older. */
const path = await newerDocker()
if (path !== undefined) console.log(dirname(path))
