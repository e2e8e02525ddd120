import { attribute, text } from '#host/netlink/message.ts'
import { run } from '#host/process/run.ts'
import { header } from './link.ts'
import type { RouteSocket } from './route-socket.ts'

/** Writes on an interface whose it is; `ip link` shows it as the alias. */
export function markLink(socket: RouteSocket, name: string, owner: string): void {
  const [RTM_NEWLINK, IFLA_IFNAME, IFLA_IFALIAS] = [16, 3, 20]
  const payload = Buffer.concat([header(), text(IFLA_IFNAME, name), attribute(IFLA_IFALIAS, Buffer.from(owner))])
  socket.request(RTM_NEWLINK, 0, payload, `mark ${name}`)
}

/** Names of the bridges that carry this mark. */
export async function bridgesOf(owner: string): Promise<string[]> {
  return (await bridges()).filter(({ ifalias }) => ifalias === owner).flatMap(({ ifname }) => ifname ?? [])
}

/** Whether an interface is a bridge, whoever made it. */
export async function isBridge(name: string): Promise<boolean> {
  return (await bridges()).some(({ ifname }) => ifname === name)
}

async function bridges(): Promise<readonly { readonly ifname?: string; readonly ifalias?: string }[]> {
  const { stdout } = await run('ip', ['-json', 'link', 'show', 'type', 'bridge'])
  return JSON.parse(stdout || '[]') as { readonly ifname?: string; readonly ifalias?: string }[]
}
