import { StatusError } from '../../model/status.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import type { Method } from './methods.ts'
import type { Session } from './session.ts'

/** Methods that act on the session or the workspace itself. */
export function managementMethod(
  name: string,
  session: Session,
  registry: WorkspaceRegistry,
): Method | undefined {
  if (name !== 'forceClose') return undefined
  return { kind: 'other', run: ({ token }) => forceClose(session, token.workspace, registry) }
}

/** Answers when the workspace is closed; then the session that asked goes too. */
async function forceClose(
  session: Session,
  workspace: string,
  registry: WorkspaceRegistry,
): Promise<boolean> {
  const { admin, mode } = session.token
  if (!admin && mode !== 'upgrade') {
    throw new StatusError('platform:status:Forbidden', {
      message: 'only administrators and upgrade tools close a workspace',
    })
  }
  const closed = await registry.forceClose(workspace, session)
  // After the answer.
  setImmediate(() => session.close(closeCodes.workspaceClosed))
  return closed
}
