import { droppingChains, iptablesTools, type DroppingChain, type IptablesTool } from '#host/nftables/forward-policy.ts'
import { run } from '#host/process/run.ts'
import { markOf } from './mark.ts'

/**
 * Docker and ufw leave the forward policy at DROP, which no rule of Galley's own table can overrule. Each such chain gets a pair of
 * rules that carry this instance's mark: in the chain that ufw keeps for users, else at the end of FORWARD, where everyone else's
 * rules have had their say, so that nobody's isolation is bypassed. Resolves with the chains that could not be helped.
 */
export async function passFirewalls(instance: string, bridges: readonly string[]): Promise<DroppingChain[]> {
  const helpless: DroppingChain[] = []
  for (const dropping of await droppingChains()) {
    if (dropping.tool === undefined) helpless.push(dropping)
    else await allow(dropping.tool, instance, bridges)
  }
  return helpless
}

async function allow(tool: IptablesTool, instance: string, bridges: readonly string[]): Promise<void> {
  const users = tool.startsWith('ip6') ? 'ufw6-user-forward' : 'ufw-user-forward'
  const chain = (await run(tool, ['-S', users])).code === 0 ? users : 'FORWARD'
  for (const bridge of bridges) {
    for (const direction of ['-i', '-o']) {
      const rule = [chain, direction, bridge, '-m', 'comment', '--comment', markOf(instance), '-j', 'ACCEPT']
      if ((await run(tool, ['-C', ...rule])).code !== 0) await run(tool, ['-A', ...rule])
    }
  }
}

/**
 * Takes this instance's rules, or those for one bridge, out of other programs' chains; a program that has been removed took them along.
 * Resolves with their number.
 */
export async function forgetPassage(instance: string, bridge?: string): Promise<number> {
  let count = 0
  for (const tool of await iptablesTools()) {
    const { stdout } = await run(tool, ['-S']).catch(() => ({ stdout: '' }))
    const mark = new RegExp(`--comment "?${markOf(instance)}"? `)
    const isMeant = (line: string): boolean => mark.test(line) && (bridge === undefined || line.includes(` ${bridge} `))
    for (const line of stdout.split('\n').filter(isMeant)) {
      await run(tool, ['-D', ...line.replaceAll('"', '').split(' ').slice(1)])
      count++
    }
  }
  return count
}
