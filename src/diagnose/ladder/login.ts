/** Who logs in, and to which database. */
export interface Credentials {
  readonly user: string
  readonly password: string
  /** Empty for none. */
  readonly database: string
}

/** How a login ended. */
export type LoginEnd =
  | { readonly end: 'in' }
  /** The server answered, but the way in which it asks for the password is not spoken here. */
  | { readonly end: 'unspoken'; readonly method: string }
  | { readonly end: 'refused' | 'no-database' | 'not-ready'; readonly said: string }
