import { z } from 'zod'
import { StatusError } from '../../model/status.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import type { Token, Tokens } from '../auth/tokens.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import { backupMethods } from './backup-methods.ts'
import { parseParams } from '../../protocol/parse-params.ts'
import type { Method } from './core-methods.ts'
import type { Session } from '../sessions/session.ts'

export interface SessionMethodParts {
  session: Session
  registry: WorkspaceRegistry
  tokens: Tokens
  /** Asks the accounts service. @throws StatusError when it does not let the token in */
  admit: (token: Token) => Promise<void>
  /** The session has another token. */
  tokenChanged: () => void
}

/** Methods that act on the session or its workspace, and those of backup tools: an allow-list too. */
export function sessionMethod(name: string, parts: SessionMethodParts): Method | undefined {
  switch (name) {
    case 'forceClose':
      return { kind: 'other', run: () => forceClose(parts) }
    case 'authenticate':
      return { kind: 'other', run: (_context, params) => authenticate(parts, params) }
    default:
      return backupMethods.get(name)
  }
}

/** Answers when the workspace is closed; then the session that asked goes too. */
async function forceClose({ session, registry }: SessionMethodParts): Promise<boolean> {
  const { admin, mode, workspace } = session.token
  if (!admin && mode !== 'upgrade') {
    const message = 'only administrators and upgrade tools close a workspace'
    throw new StatusError('platform:status:Forbidden', { message })
  }
  const closed = await registry.forceClose(workspace, session)
  // After the answer.
  setImmediate(() => session.close(closeCodes.workspaceClosed))
  return closed
}

/** A session may renew its token, not become another. */
async function authenticate(parts: SessionMethodParts, params: unknown[]): Promise<boolean> {
  const { session, tokens, admit, tokenChanged } = parts
  const [raw] = parseParams(z.tuple([z.string()]).rest(z.unknown()), params)
  const token = tokens.verify(raw)
  const { person, workspace, mode, isBackup, admin } = session.token
  if (
    token.person !== person ||
    token.workspace !== workspace ||
    token.mode !== mode ||
    token.isBackup !== isBackup ||
    token.admin !== admin
  ) {
    throw new StatusError('platform:status:Forbidden', { message: 'the token is for another session' })
  }
  await admit(token)
  session.token = token
  tokenChanged()
  return true
}
