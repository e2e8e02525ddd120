import { attribute, attributeNames } from '#host/files/attributes.ts'

/** The extended attributes that belong into a layer: capabilities and what users set. The rest is the host's or overlayfs's own business. */
export function layerAttributes(path: Buffer): ReadonlyMap<string, Buffer> {
  const attributes = new Map<string, Buffer>()
  for (const name of attributeNames(path)) {
    const value = name === 'security.capability' || name.startsWith('user.') ? attribute(path, name) : undefined
    if (value !== undefined) attributes.set(name, value)
  }
  return attributes
}

/** Whether an overlay's directory hides all that lies in the layers below it. */
export function isOpaque(path: Buffer): boolean {
  return attribute(path, 'trusted.overlay.opaque')?.toString() === 'y'
}
