import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Settings of IPv6 by interface (Linux, ip-sysctl.rst, `conf/<interface>`), in the network namespace that the thread has. */
const settings = '/proc/sys/net/ipv6/conf'

/** Whether the kernel has IPv6. */
export function hasIPv6(): boolean {
  return existsSync(settings)
}

/** Switches an interface's IPv6 on or off; `default` stands for those that are made afterwards. Does nothing where the kernel has none. */
export function setIPv6(name: string, on: boolean): void {
  if (hasIPv6()) writeFileSync(`${settings}/${name}/disable_ipv6`, on ? '0' : '1')
}

/**
 * Switches an interface's IPv6 on, with the addresses that it is given and none of its own: routers that announce themselves are
 * not believed (CVE-2020-13401), and its link-local address needs no second of waiting for who else has it.
 */
export function giveIPv6(name: string): void {
  writeFileSync(`${settings}/${name}/accept_ra`, '0')
  writeFileSync(`${settings}/${name}/accept_dad`, '0')
  setIPv6(name, true)
}

/**
 * Lets the host forward IPv6. A host that forwards no longer believes its routers, and so would lose its own way out: interfaces
 * that did so far are told to go on.
 */
export function forwardIPv6(directory = settings): void {
  const forwarding = `${directory}/all/forwarding`
  if (readFileSync(forwarding, 'utf8').trim() !== '0') return
  for (const name of readdirSync(directory).filter((entry) => !['all', 'default', 'lo'].includes(entry)))
    goOnBelieving(`${directory}/${name}/accept_ra`)
  writeFileSync(forwarding, '1')
}

/** Interfaces come and go meanwhile: containers have some. */
function goOnBelieving(path: string): void {
  try {
    if (readFileSync(path, 'utf8').trim() === '1') writeFileSync(path, '2')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
