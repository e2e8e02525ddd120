/** Families of nftables, each with a table of its own. */
export type Family = 'ip' | 'ip6'

/** What differs between the families. */
const differences = {
  ip: {
    // Packets to these addresses of the host may be led to a container.
    ours: 'fib daddr type local',
    icmp: 'icmp',
    guard: `# Bridges route 127.0.0.0/8 for published ports: nobody else may come or go by it.
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }`,
    loopback: 'ip saddr 127.0.0.0/8 oifname @bridges masquerade',
  },
  ip6: {
    // The kernel routes nothing from ::1 or link-local addresses: the keeper's sockets pass on what comes to them.
    ours: 'ip6 daddr != ::1 ip6 daddr != fe80::/10 fib daddr type local',
    icmp: 'ipv6-icmp',
    guard: '',
    loopback: '',
  },
} as const satisfies Record<Family, object>

/** All of a table's sets, maps and chains, without elements. */
export function ruleset(family: Family, table: string): string {
  const { ours, icmp, guard, loopback } = differences[family]
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
  return `table ${family} ${table} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set subnets { type ${address}; flags interval; }
  set pairs { type ifname . ifname; }
  set open { type ifname; }
  set pingable { type ifname; }
  set routed { type ${address} . inet_proto . inet_service; }
  map sources { type ${address} : ${address}; flags interval; }
  set homes { type ${address} . ifname; flags interval; }
  map ports { type inet_proto . inet_service : ${address} . inet_service; }
  map bound { type ${address} . inet_proto . inet_service : ${address} . inet_service; }
  chain prerouting { type nat hook prerouting priority dstnat; policy accept; ${ours} jump published; }
  chain output { type nat hook output priority -100; policy accept; ${ours} jump published; }
  chain published {
    dnat ${family} to ${family} daddr . meta l4proto . th dport map @bound
    dnat ${family} to meta l4proto . th dport map @ports
  }
  ${guard}
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${loopback}
    # A container that reaches its own network through a published port must get the answers by the same way.
    ct status dnat ${family} saddr . oifname @homes masquerade
    oifname != @bridges snat ${family} to ${family} saddr map @sources
    ${family} saddr @subnets oifname != @bridges masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    iifname . oifname @pairs accept
    iifname @internal drop
    ct status dnat accept
    # Networks that are routed are reached by the ports that are published there, and answer to ping.
    oifname @bridges ${family} daddr . meta l4proto . th dport @routed accept
    oifname @pingable meta l4proto ${icmp} accept
    oifname @open accept
    # Neither other networks nor other machines reach a container but by a published port.
    oifname @bridges drop
  }
}
`
}
