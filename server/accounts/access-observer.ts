import type { AccountRole } from '../../model/documents.ts'
import type { Token } from '../auth/tokens.ts'

/**
 * Has open sessions, and is told what changes who may be in them, once that is durable. People are named by
 * their folded email.
 */
export interface AccessObserver {
  /** What the service says of the workspace is another thing now. */
  workspaceChanged: (workspace: string) => void
  /** Settled once the role holds in open sessions. Never fails. */
  roleChanged: (workspace: string, person: string, role: AccountRole) => Promise<void>
  /** Settled once the member's sessions are closed and its account is a guest's. Never fails. */
  memberRemoved: (workspace: string, person: string) => Promise<void>
  /** Of the person's tokens these are not good any more. */
  tokensRevoked: (person: string, isRevoked: (token: Token) => boolean) => void
}
