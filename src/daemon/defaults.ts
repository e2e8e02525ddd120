/** Where the machine's own instance lives. Another one is given its own directories and addresses. */
export const defaults = { data: '/var/lib/galley', run: '/run/galley', socket: '/run/galley/docker.sock', pool: '172.30.0.0/15' } as const
