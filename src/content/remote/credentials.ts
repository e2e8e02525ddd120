import { createHash } from 'node:crypto'

/** How a person is known to a registry. Never logged; `fingerprint` stands for them where something must be told apart. */
export type Credentials =
  | { readonly type: 'password'; readonly username: string; readonly password: string }
  /** A refresh token that a login gave (`IdentityToken`). */
  | { readonly type: 'identity'; readonly token: string }
  /** A bearer token that the registry takes as it is. */
  | { readonly type: 'registry'; readonly token: string }

/** A key for what is kept for these credentials, from which they can't be read back. */
export function fingerprint(credentials: Credentials | undefined): string {
  return credentials === undefined ? '' : createHash('sha256').update(JSON.stringify(credentials)).digest('base64url')
}

export function basicAuthorization({ username, password }: Credentials & { type: 'password' }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
