import { SYSTEM_EMAIL, type Token } from '../../auth/tokens.ts'
import { forbidden } from './errors.ts'

/** An administrator of the server, or the server itself. */
export function isPrivileged(token: Token): boolean {
  return token.admin || token.email === SYSTEM_EMAIL
}

/**
 * A token for a workspace gives access to no other, so a stolen one gives access to that workspace only.
 * @throws StatusError `platform:status:Forbidden`
 */
export function checkScope({ workspace }: Token, id: string): void {
  if (workspace !== '' && workspace !== id) throw forbidden(`the token is for another workspace than ${id}`)
}
