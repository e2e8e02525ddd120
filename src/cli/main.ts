import { asksForVersion, printVersion } from './print-version.ts'
import { flushed } from './written.ts'

if (process.env['GALLEY_NOHUP'] !== undefined) {
  // The launcher's word, and nobody else's: Compose files may name variables.
  delete process.env['GALLEY_NOHUP']
  process.on('SIGHUP', () => undefined)
}
const [name = 'help', ...args] = process.argv.slice(2)
const code = await main()
await flushed()
process.exit(code)

/** What is fastest first; the rest is one file, as the daemon is (newest.ts). */
async function main(): Promise<number> {
  if (asksForVersion(name, args)) return printVersion()
  const { newestDaemon, newestDispatch } = await import('./newest.ts')
  // The daemon's own process loads the daemon and nothing else: it stays for long.
  if (name === 'daemon' && !/^[^-]/.test(args[0] ?? '') && !args.some((word) => word === '--help' || word === '-h'))
    return await (await newestDaemon()).serve(args)
  return await (await newestDispatch()).dispatch(name, args)
}
