import { droppingChains, type DroppingChain } from '#host/nftables/forward-policy.ts'

/** Chains of other programs that drop what containers send, for the doctor; undefined when they can't be read. */
export async function otherFirewalls(): Promise<readonly DroppingChain[] | undefined> {
  return await droppingChains().catch(() => undefined)
}
