/** Minimum bytes of a secret: the output size of HS256 (RFC 7518, 3.2), against brute force on a token. */
export const MIN_SECRET = 32

/** A command that makes one. */
export const MAKE_SECRET = 'openssl rand -base64 32'

export function isSecret(text: string): boolean {
  return Buffer.byteLength(text.trim()) >= MIN_SECRET
}
