import { run } from '#host/process/run.ts'
import { header } from './link.ts'
import { attribute, text, type RouteSocket } from './netlink.ts'

/** Writes on an interface whose it is; `ip link` shows it as the alias. */
export function markLink(socket: RouteSocket, name: string, owner: string): void {
  const [RTM_NEWLINK, IFLA_IFNAME, IFLA_IFALIAS] = [16, 3, 20]
  const payload = Buffer.concat([header(), text(IFLA_IFNAME, name), attribute(IFLA_IFALIAS, Buffer.from(owner))])
  socket.request(RTM_NEWLINK, 0, payload, `mark ${name}`)
}

/** Names of the bridges that carry this mark. */
export async function bridgesOf(owner: string): Promise<string[]> {
  const { stdout } = await run('ip', ['-json', 'link', 'show', 'type', 'bridge'])
  const bridges = JSON.parse(stdout || '[]') as { readonly ifname?: string; readonly ifalias?: string }[]
  return bridges.filter(({ ifalias }) => ifalias === owner).flatMap(({ ifname }) => ifname ?? [])
}
