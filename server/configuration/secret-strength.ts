/** Bytes of a secret at least: as many as HS256 puts out, so that a token does not tell it to who tries. */
export const MIN_SECRET = 32

/** What makes one, on a command line. */
export const MAKE_SECRET = 'openssl rand -base64 32'

export function isSecret(text: string): boolean {
  return Buffer.byteLength(text.trim()) >= MIN_SECRET
}
