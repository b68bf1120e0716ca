import { z } from 'zod'
import { StatusError } from '../../model/status.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import { parseParams } from '../../protocol/parse-params.ts'
import type { Token } from '../auth/tokens.ts'
import type { Admission } from '../workspaces/admission.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import type { MethodContext, MethodTable } from './method.ts'

export interface SessionMethodParts {
  registry: WorkspaceRegistry
  admission: Admission
  /** @throws StatusError Unauthorized */
  verify: (raw: string) => Token
}

/** Methods that act on the session that calls them, or on its workspace as a whole. */
export function sessionMethods(parts: SessionMethodParts): MethodTable {
  return [
    [
      'forceClose',
      {
        kind: 'other',
        refuses: ({ admin, mode }) =>
          admin || mode === 'upgrade' ? undefined : 'only administrators and upgrade tools close a workspace',
        run: (context) => forceClose(parts, context),
      },
    ],
    ['authenticate', { kind: 'other', run: (context, params) => authenticate(parts, context, params) }],
  ]
}

/** Returns when the workspace is closed; then the session that asked for it is closed too. */
async function forceClose({ registry }: SessionMethodParts, { session }: MethodContext): Promise<boolean> {
  const closed = await registry.forceClose(session.token.workspace, session)
  // After the response.
  setImmediate(() => session.close(closeCodes.workspaceClosed))
  return closed
}

/** A session may renew its token, not become another. */
async function authenticate(
  { admission, verify }: SessionMethodParts,
  { session }: MethodContext,
  params: unknown[],
): Promise<boolean> {
  const [raw] = parseParams(z.tuple([z.string()]).rest(z.unknown()), params)
  const token = verify(raw)
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
  await admission.identify(token)
  session.renewToken(token)
  return true
}
