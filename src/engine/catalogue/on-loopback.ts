/** Whether an address, with or without a scheme and credentials, is one of this host's own loopback: no container reaches it. */
export function onLoopback(address: string): boolean {
  return /^(?:\w+:\/\/)?(?:[^@/]*@)?(?:localhost\b|127\.|\[::1\])/.test(address)
}
