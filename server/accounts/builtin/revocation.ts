import type { Token } from '../../auth/tokens.ts'
import type { Person } from './model.ts'

/** The fields of a person that decide which tokens are valid; a person stored by an older version may lack them. */
export type Revocations = Partial<Pick<Person, 'tokenVersion' | 'revokedOn'>>

/**
 * Whether a token was revoked. Tokens of the accounts service carry a version. Those without one were signed with the
 * secret, by the command line for example: they are valid when the person has never revoked any, or when they were
 * made after that.
 * @param now milliseconds since the epoch, as the time in a token from the future is not reliable
 */
export function isRevoked(
  { version, issuedAt = 0 }: Pick<Token, 'version' | 'issuedAt'>,
  { tokenVersion, revokedOn }: Revocations,
  now: number,
): boolean {
  if (version !== undefined) return version !== (tokenVersion ?? 0)
  return (tokenVersion ?? 0) > 0 && !(issuedAt > (revokedOn ?? 0) && issuedAt <= now)
}
