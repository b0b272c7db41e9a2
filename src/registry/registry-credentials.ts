/**
 * Credentials: a user name and password, a token for the token service (OAuth 2 refresh token), or a token for the
 * registry itself.
 */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token' | 'registry-token'; readonly token: string };

/** Encodes a user's name and password for the header `Authorization`. */
export function formatBasicAuthorization({ username, password }: Credentials & { kind: 'password' }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
