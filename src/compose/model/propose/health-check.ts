/** A command that ends well once a program answers at a port of its own container. It calls what the image has in any case. */
export type Check = (port: string) => string

/** A connection is made: all that can be told of a program of which nothing is known. */
export const connects = {
  bash: (port) => `bash -c '</dev/tcp/127.0.0.1/${port}'`,
  php: (port) => `php -r 'exit(@fsockopen("127.0.0.1", ${port}) ? 0 : 1);'`,
  node: (port) => `node -e "require('net').connect(${port}, '127.0.0.1', () => process.exit(0)).on('error', () => process.exit(1))"`,
  bun: (port) => `bun -e "fetch('http://127.0.0.1:${port}').then(() => process.exit(0), () => process.exit(1))"`,
  python: (port) => `python -c "import socket; socket.create_connection(('127.0.0.1', ${port}), 3)"`,
} as const satisfies Record<string, Check>

/** A web server answers, with whatever page: an error of its own (500 and above) alone is none. */
export const serves = {
  node: (port) =>
    `node -e "fetch('http://127.0.0.1:${port}').then((answer) => process.exit(answer.status < 500 ? 0 : 1), () => process.exit(1))"`,
  python: (port) =>
    `python -c "import http.client as http; http = http.HTTPConnection('127.0.0.1', ${port}, 3); http.request('GET', '/'); exit(http.getresponse().status >= 500)"`,
} as const satisfies Record<string, Check>

/** The lines that make a check the image's own; asked each second while it starts, and seldom after that. */
export function healthCheck(port: string | undefined, check: Check): string | undefined {
  if (port === undefined) return undefined
  return `# It is ready when this ends well: galley up waits for it, and the next version takes over only then.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=1s \\
  CMD ${check(port)}`
}
