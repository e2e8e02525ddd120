/**
 * Where a resolver listens inside its container's namespace. Rules there lead 127.0.0.11:53 to it, so that port 53 stays free for a DNS
 * server that runs in the container. Above the range of ports that the kernel chooses.
 */
export const listenAddress = { address: '127.0.0.11', port: 61_053 } as const
