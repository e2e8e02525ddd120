import { kindOf } from '#base/error.ts'
import { bridgesOf } from '#host/link/owned.ts'
import { nft } from '#host/nftables/run.ts'
import { markOf } from './mark.ts'
import { forgetPassage } from './pass-firewalls.ts'
import { deleteInterface } from './plug.ts'
import { tableName } from './rules.ts'

/** Deletes every bridge and rule of an instance whose daemon has ended; records stay. Resolves with what there was. */
export async function dismantle(instance: string): Promise<{ bridges: readonly string[]; tables: number; firewallRules: number }> {
  const firewallRules = await forgetPassage(instance)
  const bridges = await bridgesOf(markOf(instance))
  for (const bridge of bridges) await deleteInterface(bridge)
  const tables = (['ip', 'ip6'] as const).filter((family) => deleteTable(family, tableName(instance))).length
  return { bridges, tables, firewallRules }
}

function deleteTable(family: 'ip' | 'ip6', table: string): boolean {
  try {
    nft(`delete table ${family} ${table}\n`)
    return true
  } catch (error) {
    if (kindOf(error) === 'not found') return false
    throw error
  }
}
