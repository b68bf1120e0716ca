import { targetOf } from '../../../model/apply-transaction.ts'
import { type Account, AccountRole, type Doc, type Ref, type Space } from '../../../model/documents.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { TxCUD } from '../../../model/transactions.ts'
import type { Caller } from '../../caller.ts'
import { type Permissions, seesEverything } from '../../permissions/permissions.ts'
import { isHiddenSpace } from '../../permissions/space-index.ts'
import type { Workspace } from '../../workspace.ts'
import type { CommitStep, Work } from '../commit-step.ts'

/**
 * Who may write what. Here, inside the queue, so that a change of membership holds for the very next
 * transaction. What the server derives from a transaction is not asked about.
 */
export const permissions: CommitStep = (next, workspace) =>
  async function permissions(work, tx) {
    if (seesEverything(work.caller)) return await next(work, tx)
    const change = tx as TxCUD
    const role = roleOf(workspace, work.caller)
    if (role === AccountRole.Guest) throw forbidden('guests write nothing')
    const check = new Check(work, workspace.permissions, role)
    await check.before(change)
    const outcome = await next(work, tx)
    if (outcome.change?.after !== undefined) check.after(outcome.change.after, outcome.change.before)
    return outcome
  }

class Check {
  readonly #work: Work
  readonly #permissions: Permissions
  readonly #role: AccountRole

  constructor(work: Work, permissions: Permissions, role: AccountRole) {
    this.#work = work
    this.#permissions = permissions
    this.#role = role
  }

  /** The spaces the transaction names, and those its documents are in. */
  async before(tx: TxCUD): Promise<void> {
    const target = targetOf(tx)
    this.#space(tx.objectSpace)
    this.#space(target.space)
    this.#document(await this.#find(target._class, target._id))
    if (tx._class === core.class.TxCollectionCUD)
      this.#document(await this.#find(tx.objectClass, tx.objectId))
    const { hierarchy } = this.#work.state
    if (hierarchy.isDerived(target._class, core.class.Account)) this.#account(tx)
  }

  /** Where the document is now. One may make a space that one is not in, and leave one. */
  after(after: Doc, before: Doc | undefined): void {
    if (after.space !== before?.space) this.#space(after.space)
  }

  #space(id: Ref<Space>): void {
    if (this.#isHidden(id)) throw forbidden('the space is private')
  }

  #document(doc: Doc | undefined): void {
    if (doc === undefined) return
    const { account } = this.#work.caller
    this.#space(doc.space)
    if (this.#permissions.isSpace(doc) && isHiddenSpace(doc, account)) throw forbidden('the space is private')
    const isForCreator = this.#work.state.hierarchy.creatorsOnly().has(doc._class)
    if (isForCreator && doc.createdBy !== account) throw forbidden('the document is somebody else’s')
  }

  /** Who may say who is what. */
  #account(tx: TxCUD): void {
    if (this.#role === AccountRole.Owner) return
    const grantsOwner = JSON.stringify(tx).includes(AccountRole.Owner)
    if (this.#role === AccountRole.Maintainer && !grantsOwner) return
    throw forbidden('only owners and maintainers change accounts, and only owners make owners')
  }

  /** As the group leaves it: a change of membership counts from the next transaction on. */
  #isHidden(id: string): boolean {
    const staged = this.#work.state.peekStaged(domains.space, id)
    const { account } = this.#work.caller
    if (staged === undefined) return this.#permissions.isHidden(id, account)
    return staged.doc !== undefined && isHiddenSpace(staged.doc, account)
  }

  async #find(_class: TxCUD['objectClass'], id: Ref): Promise<Doc | undefined> {
    const domain = this.#work.state.hierarchy.domainOf(_class)
    return domain === undefined ? undefined : await this.#work.state.get(domain, id)
  }
}

/** As it is now, not as it was when the session began. */
function roleOf({ model }: Workspace, caller: Caller): AccountRole {
  return (model.get(caller.account) as Account | undefined)?.role ?? caller.role
}

function forbidden(message: string): StatusError {
  return new StatusError('platform:status:Forbidden', { message })
}
