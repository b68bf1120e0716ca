import { AccountRole } from '../../model/documents.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { StorageError } from '../../storage/contract.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import type { AccessObserver } from '../accounts/access-observer.ts'
import type { AccountsClient } from '../accounts/accounts-client.ts'
import type { Session } from './session.ts'
import type { Admission } from '../workspaces/admission.ts'
import type { SessionRegistry } from './session-registry.ts'
import type { Token } from '../auth/tokens.ts'
import { changeRole } from '../workspaces/resolve-caller.ts'
import type { WorkspaceHost } from '../workspaces/workspace-host.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'

export interface EnforcerOptions {
  registry: WorkspaceRegistry
  sessions: SessionRegistry
  admission: Admission
  accounts: AccountsClient
  logger: Logger
}

/**
 * Applies decisions of the accounts service to sessions that are open or entering. Cached responses are invalidated
 * before anything changes, so the service is asked again about every session that enters from then on.
 */
export class AccessEnforcer implements AccessObserver {
  readonly #options: EnforcerOptions

  constructor(options: EnforcerOptions) {
    this.#options = options
  }

  workspaceChanged(workspace: string): void {
    this.#options.accounts.forget(workspace)
    this.#options.admission.reconsider((token) => token.workspace === workspace)
  }

  async roleChanged(workspace: string, person: string, role: AccountRole): Promise<void> {
    this.workspaceChanged(workspace)
    const host = this.#options.registry.find(workspace)
    // In a workspace that is not open the account gets its role at the next entry.
    if (host?.state !== 'open') return
    host.arrive()
    await this.#setRole(host, person, role)
  }

  /** In a closed workspace too: the account of a member who never comes back would keep its role. */
  async memberRemoved(workspace: string, person: string): Promise<void> {
    this.workspaceChanged(workspace)
    // Administrators and tools are no members, and may reconnect.
    const isMember = ({ admin, mode }: Token) => !admin && mode === 'user'
    for (const session of this.#sessionsOf(workspace, person))
      if (isMember(session.token)) session.close(closeCodes.memberRemoved)
    await this.#setRole(await this.#options.registry.arrive(workspace), person, AccountRole.Guest)
  }

  tokensRevoked(person: string, isRevoked: (token: Token) => boolean): void {
    const { accounts, admission, sessions } = this.#options
    accounts.forgetPerson(person)
    admission.reconsider((token) => token.person === person)
    for (const session of sessions.all)
      if (session.token.person === person && isRevoked(session.token)) session.close(closeCodes.tokenRevoked)
  }

  /** @param host for which `arrive` was called; this calls `leave` */
  async #setRole(host: WorkspaceHost, person: string, role: AccountRole): Promise<void> {
    try {
      const pipeline = await host.pipeline(false)
      await host.accountChanges.run(person, async () => await setRole(pipeline, person, role))
    } catch (error) {
      // A workspace that has closed meanwhile has no sessions.
      if (error instanceof StorageError && error.code === 'closed') return
      this.#options.logger.error({ err: error, workspace: host.id, person, role }, 'a role was not changed')
      // These sessions reconnect, and get the role then, or are refused.
      for (const session of this.#sessionsOf(host.id, person)) session.close(closeCodes.overloaded)
    } finally {
      host.leave()
    }
  }

  #sessionsOf(workspace: string, person: string): Session[] {
    return [...this.#options.sessions.all].filter(
      ({ token }) => token.workspace === workspace && token.person === person,
    )
  }
}

async function setRole(pipeline: Pipeline, person: string, role: AccountRole): Promise<void> {
  const account = pipeline.model.accountOf(person)
  if (account !== undefined) await changeRole(pipeline, account, role)
}
