import { readFileSync } from 'node:fs'
import { run } from '#host/process/run.ts'

/** Another program's chain that drops forwarded packets unless one of its rules takes them; an accept elsewhere doesn't help. */
export interface DroppingChain {
  /** The program that such a chain is changed with; undefined for one of nftables' own. */
  readonly tool: 'iptables-nft' | 'iptables-legacy' | undefined
  /** As nft(8) names it: family, table, chain. */
  readonly chain: string
}

interface Listed {
  readonly chain?: {
    readonly family: string
    readonly table: string
    readonly name: string
    readonly hook?: string
    readonly policy?: string
  }
}

/** Chains of other programs at the forward hook whose policy is to drop, as Docker and ufw leave them. */
export async function droppingChains(): Promise<DroppingChain[]> {
  const { code, stdout } = await run('nft', ['-j', 'list', 'chains'])
  const listed = code === 0 ? (JSON.parse(stdout) as { nftables: Listed[] }).nftables : []
  const found = listed.flatMap(({ chain }): DroppingChain[] => {
    if (chain?.hook !== 'forward' || chain.policy !== 'drop' || !['ip', 'inet'].includes(chain.family)) return []
    const isIptables = chain.family === 'ip' && chain.table === 'filter' && chain.name === 'FORWARD'
    return [{ tool: isIptables ? 'iptables-nft' : undefined, chain: `${chain.family} ${chain.table} ${chain.name}` }]
  })
  return (await legacyDrops()) ? [...found, { tool: 'iptables-legacy', chain: 'ip filter FORWARD' }] : found
}

/** Programs whose FORWARD chain is in use, whatever its policy. */
export async function iptablesTools(): Promise<string[]> {
  const isThere = (await run('nft', ['list', 'chain', 'ip', 'filter', 'FORWARD'])).code === 0
  return [...(isThere ? ['iptables-nft'] : []), ...(hasLegacyFilter() ? ['iptables-legacy'] : [])]
}

/** Asked only where the old tables are in use: asking would bring them into being. */
async function legacyDrops(): Promise<boolean> {
  if (!hasLegacyFilter()) return false
  return (await run('iptables-legacy', ['-S', 'FORWARD'])).stdout.startsWith('-P FORWARD DROP')
}

function hasLegacyFilter(): boolean {
  try {
    return readFileSync('/proc/thread-self/net/ip_tables_names', 'utf8').split('\n').includes('filter')
  } catch {
    return false
  }
}
