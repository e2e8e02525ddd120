/** What Debian calls its kernel for this machine's processor. */
export const kernelPackage = process.arch === 'arm64' ? 'linux-image-arm64' : 'linux-image-amd64'
