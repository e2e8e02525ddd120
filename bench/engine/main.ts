import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { bareRuntime, commands, execs, idleLoad, load, memory, parallel, runs, startUp, type Pair, type Row } from './cases.ts'
import { dockerEngine, galley } from './engines.ts'
import { makeBox, makeLarge } from './images.ts'
import { unmountBelow } from './unmount.ts'

/** `bash bench/run.sh engine`: Galley beside Docker Engine and beside the bare runtime, same image, same client, interleaved. */
const home = mkdtempSync(`${tmpdir()}/galley-bench-`)
const pair: Pair = { galley: galley(home), peer: dockerEngine(home) }

function print(row: Row): void {
  const { what, unit, ratio, wanted } = row
  const [own, peer] = [row.galley, row.peer].map((value) => `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`)
  console.log(`| ${what} | ${own} | ${peer} | ${ratio.toFixed(2)} | ${wanted.toFixed(2)} | ${ratio >= wanted ? 'yes' : '**no**'} |`)
}

try {
  const { rootfs, tar } = makeBox(home)
  await pair.galley.start()
  await pair.peer.start()
  for (const engine of [pair.galley, pair.peer]) await engine.docker('import', tar, 'box')
  console.log(`bare runtime, foreground, no network: ${(await bareRuntime(rootfs, home)).toFixed(0)} ms\n`)
  console.log('| what | Galley | Docker Engine | ratio | wanted | reached |\n|---|---|---|---|---|---|')
  for (const row of await runs(pair)) print(row)
  for (const row of await execs(pair)) print(row)
  for (const row of await commands(pair)) print(row)
  print(await parallel(pair))
  for (const row of await memory(pair)) print(row)
  print(await idleLoad(pair))
  // Only now: this process has them in memory for a while, and is copied for each command that it starts.
  const archives = await makeLarge(pair.peer, home, 5)
  for (const row of await load(pair, archives)) print(row)
  print(await startUp(pair))
} finally {
  pair.galley.api.close()
  pair.peer.api.close()
  await pair.galley.stop()
  await pair.peer.stop()
  unmountBelow(home)
  rmSync(home, { recursive: true, force: true })
}
