import { type Account, AccountRole, type Unchecked } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { invalidTransaction } from '../../../model/invalid-transaction.ts'
import type { Tx } from '../../../model/transactions.ts'
import type { Caller } from '../../shared/caller.ts'
import { rankOf } from '../../permissions/role.ts'
import { mapSigned } from '../../shared/signed-transactions.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { RequestStep } from '../commit-step.ts'

/** The range of dates, in milliseconds around the epoch. */
const LAST_DATE = 8.64e15

/**
 * Sets the times by the server's clock. The system and its tools keep their times. So does an account that may
 * import, unless the time is in the future or the transaction changes the model, which is ordered by time.
 */
export const serverTime: RequestStep = (next, workspace) =>
  async function serverTime(work, tx) {
    const { caller, state } = work
    const now = workspace.clock.now()
    if (caller.system)
      return await next(
        work,
        mapSigned(tx, (each) => byTool(each, now)),
      )
    const mayImport = isImporter(workspace, caller)
    return await next(
      work,
      mapSigned(tx, (each) => {
        const keepsTime = mayImport && !isOfModel(state.hierarchy, each)
        return keepsTime ? imported(each, now) : byPerson(each, now)
      }),
    )
  }

function byTool<T extends Tx>(tx: T, now: number): T {
  timeOf(tx, 'createdOn')
  return { ...tx, modifiedOn: timeOf(tx, 'modifiedOn') ?? now }
}

function imported<T extends Tx>(tx: T, now: number): T {
  const past = (field: 'modifiedOn' | 'createdOn') => Math.min(timeOf(tx, field) ?? now, now)
  const signed = { ...tx, modifiedOn: past('modifiedOn') }
  return 'createdOn' in tx ? { ...signed, createdOn: past('createdOn') } : signed
}

function byPerson<T extends Tx>(tx: T, now: number): T {
  const signed = { ...tx, modifiedOn: now }
  return 'createdOn' in tx ? { ...signed, createdOn: now } : signed
}

/** The domain follows from the class, whatever space the transaction names. */
function isOfModel(hierarchy: Hierarchy, tx: Tx): boolean {
  if (tx.objectSpace === core.space.Model) return true
  if (!('objectClass' in tx)) return false
  const isKnown = hierarchy.findClass(tx.objectClass) !== undefined
  if (isKnown && hierarchy.domainOf(tx.objectClass) === domains.model) return true
  return tx._class === 'core:class:TxCollectionCUD' && isOfModel(hierarchy, tx.tx)
}

const leastRank = { maintainers: rankOf(AccountRole.Maintainer), owners: rankOf(AccountRole.Owner) }

/** The current role of the account counts. */
function isImporter({ imports, model }: Workspace, { account, admin }: Caller): boolean {
  if (imports === 'nobody') return false
  const current: Unchecked<Account> | undefined = model.get(account)
  const role = current?.role ?? AccountRole.Guest
  return admin || rankOf(role) >= leastRank[imports]
}

/** @throws StatusError InvalidTransaction if the value is not a time */
function timeOf(tx: Tx, field: 'modifiedOn' | 'createdOn'): number | undefined {
  const time: unknown = tx[field]
  if (time === undefined || time === null) return undefined
  if (typeof time === 'number' && Math.abs(time) <= LAST_DATE) return time
  throw invalidTransaction('the time is not in milliseconds', { field })
}
