import { ok, warning, type Finding } from './finding.ts'

/** Whether another firewall would drop containers' packets, and what Galley can do about it. */
export async function firewalls(): Promise<Finding[]> {
  const { otherFirewalls } = await import('#daemon/firewalls.ts')
  const chains = await otherFirewalls()
  if (chains === undefined)
    return [warning('the rules of other firewalls cannot be read', 'run galley doctor as root, with nftables installed')]
  if (chains.length === 0) return [ok('no other firewall drops forwarded packets')]
  return chains.map(({ tool, chain }) =>
    tool === undefined
      ? warning(
          `the chain "${chain}" drops forwarded packets, containers' too`,
          `nft add rule ${chain} iifname "gymain*" accept; nft add rule ${chain} oifname "gymain*" accept`,
        )
      : ok(`another firewall (Docker or ufw) drops forwarded packets by default; the daemon adds marked rules to it (${tool})`),
  )
}
