import type { Token } from '../../auth/tokens.ts'
import type { Person } from './model.ts'

/** What of a person tells which tokens are good; of one kept by an older version it may be missing. */
export type Revocations = Partial<Pick<Person, 'tokenVersion' | 'revokedOn'>>

/**
 * Whether a token was revoked. Those that the accounts service made carry the version they are of. Those without
 * were made by somebody who has the secret, such as the command line: they are good when the person has never
 * revoked any, or when they were made after that.
 * @param now milliseconds since the epoch: a token from the future does not tell when it was made
 */
export function isRevoked(
  { version, issuedAt = 0 }: Pick<Token, 'version' | 'issuedAt'>,
  { tokenVersion, revokedOn }: Revocations,
  now: number,
): boolean {
  if (version !== undefined) return version !== (tokenVersion ?? 0)
  return (tokenVersion ?? 0) > 0 && !(issuedAt > (revokedOn ?? 0) && issuedAt <= now)
}
