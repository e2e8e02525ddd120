/**
 * Node's HTTP without the face of an ES module: `import … from 'node:http'` reads every export, and two of them load undici, HTTP/2 and
 * TLS, 16 MB and 15 ms, with it. Types are imported as usual.
 */
export const http = process.getBuiltinModule('node:http')

/** Loaded with the first encrypted connection: 7 MB. */
export function https(): typeof import('node:https') {
  return process.getBuiltinModule('node:https')
}

/** As `https`. */
export function tls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls')
}
