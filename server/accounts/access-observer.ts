import type { AccountRole } from '../../model/documents.ts'
import type { Token } from '../auth/tokens.ts'

/**
 * Is told of durable changes of access, to apply them to open sessions. People are identified by their folded
 * email.
 */
export interface AccessObserver {
  /** The service's description of the workspace has changed. */
  workspaceChanged: (workspace: string) => void
  /** Resolves when the role applies in open sessions. Never rejects. */
  roleChanged: (workspace: string, person: string, role: AccountRole) => Promise<void>
  /** Resolves when the member's sessions are closed and its account is a guest's. Never rejects. */
  memberRemoved: (workspace: string, person: string) => Promise<void>
  /** The person's tokens for which `isRevoked` is true are invalid from now on. */
  tokensRevoked: (person: string, isRevoked: (token: Token) => boolean) => void
}
