const [name = 'help', ...args] = process.argv.slice(2)
process.exit(await main())

/** What is fastest first; the rest is one file, as the daemon is (newest.ts). */
async function main(): Promise<number> {
  if (name === '--version' || (name === 'version' && args.length === 0)) return await printVersion()
  const { newestDaemon, newestDispatch } = await import('./newest.ts')
  // The daemon's own process loads the daemon and nothing else: it stays for long.
  if (name === 'daemon' && !/^[^-]/.test(args[0] ?? '') && !args.some((word) => word === '--help' || word === '-h'))
    return await (await newestDaemon()).serve(args)
  return await (await newestDispatch()).dispatch(name, args)
}

async function printVersion(): Promise<number> {
  const { version } = await import('#base/version.ts')
  process.stdout.write(`galley ${version()}\n`)
  return 0
}
