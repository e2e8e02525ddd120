import { existsSync, readFileSync } from 'node:fs'
import { run } from '#host/process/run.ts'

/** The programs that iptables' chains are read and changed with, by family, and where the kernel lists the tables of the old kind. */
const families = [
  { family: 'ip', tool: 'iptables-nft', legacy: 'iptables-legacy', legacyTables: '/proc/thread-self/net/ip_tables_names' },
  { family: 'ip6', tool: 'ip6tables-nft', legacy: 'ip6tables-legacy', legacyTables: '/proc/thread-self/net/ip6_tables_names' },
] as const

export type IptablesTool = (typeof families)[number]['tool' | 'legacy']

/** Another program's chain that drops forwarded packets unless one of its rules takes them; an accept elsewhere doesn't help. */
export interface DroppingChain {
  /** The program that such a chain is changed with; undefined for one of nftables' own. */
  readonly tool: IptablesTool | undefined
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
    if (chain?.hook !== 'forward' || chain.policy !== 'drop' || !['ip', 'ip6', 'inet'].includes(chain.family)) return []
    const isIptables = chain.table === 'filter' && chain.name === 'FORWARD'
    const tool = isIptables ? families.find(({ family }) => family === chain.family)?.tool : undefined
    return [{ tool, chain: `${chain.family} ${chain.table} ${chain.name}` }]
  })
  for (const { family, legacy, legacyTables } of families)
    if (await legacyDrops(legacy, legacyTables)) found.push({ tool: legacy, chain: `${family} filter FORWARD` })
  return found
}

/** Programs whose FORWARD chain is in use, whatever its policy. */
export async function iptablesTools(): Promise<IptablesTool[]> {
  const tools: IptablesTool[] = []
  for (const { family, tool, legacy, legacyTables } of families) {
    if ((await run('nft', ['list', 'chain', family, 'filter', 'FORWARD'])).code === 0) tools.push(tool)
    if (hasFilter(legacyTables)) tools.push(legacy)
  }
  return tools
}

/** Asked only where the old tables are in use: asking would bring them into being. */
async function legacyDrops(tool: IptablesTool, tables: string): Promise<boolean> {
  return hasFilter(tables) && (await run(tool, ['-S', 'FORWARD'])).stdout.startsWith('-P FORWARD DROP')
}

function hasFilter(tables: string): boolean {
  return existsSync(tables) && readFileSync(tables, 'utf8').split('\n').includes('filter')
}
