import { type Account, AccountRole } from '../../../model/documents.ts'
import type { Hierarchy } from '../../../model/hierarchy.ts'
import { core, domains } from '../../../model/identifiers.ts'
import { invalidTransaction } from '../../../model/invalid-transaction.ts'
import type { Tx, TxCollectionCUD, TxCUD } from '../../../model/transactions.ts'
import type { Caller } from '../../shared/caller.ts'
import { rankOf } from '../../permissions/role.ts'
import { mapSigned } from '../../shared/signed-transactions.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { CommitStep } from '../commit-step.ts'

/** Milliseconds from the epoch to the last date there is, either way. */
const LAST_DATE = 8.64e15

/**
 * The server's clock tells when. The system and its tools bring a time of their own, and so does who imports, where the
 * server lets that account: no time to come, and none for the model, whose order is that of time.
 */
export const serverTime: CommitStep = (next, workspace) =>
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
        const keepsTime = mayImport && !isOfModel(state.hierarchy, each as TxCUD)
        return keepsTime ? imported(each, now) : byPerson(each, now)
      }),
    )
  }

function byTool(tx: Tx, now: number): Tx {
  timeOf(tx, 'createdOn')
  return { ...tx, modifiedOn: timeOf(tx, 'modifiedOn') ?? now }
}

function imported(tx: Tx, now: number): Tx {
  const past = (field: 'modifiedOn' | 'createdOn') => Math.min(timeOf(tx, field) ?? now, now)
  const signed = { ...tx, modifiedOn: past('modifiedOn') }
  return 'createdOn' in tx ? { ...signed, createdOn: past('createdOn') } : signed
}

function byPerson(tx: Tx, now: number): Tx {
  const signed = { ...tx, modifiedOn: now }
  return 'createdOn' in tx ? { ...signed, createdOn: now } : signed
}

/** A document is looked for in the domain of its class, whatever space is named. */
function isOfModel(hierarchy: Hierarchy, tx: TxCUD): boolean {
  const { objectClass, objectSpace } = tx
  const isKnown = hierarchy.findClass(objectClass) !== undefined
  if (objectSpace === core.space.Model || (isKnown && hierarchy.domainOf(objectClass) === domains.model))
    return true
  return tx._class === core.class.TxCollectionCUD && isOfModel(hierarchy, (tx as TxCollectionCUD).tx)
}

const leastRank = { maintainers: rankOf(AccountRole.Maintainer), owners: rankOf(AccountRole.Owner) }

/** By the role that the account has now. */
function isImporter({ imports, model }: Workspace, { account, admin }: Caller): boolean {
  if (imports === 'nobody') return false
  const role = (model.get(account) as Partial<Account> | undefined)?.role ?? AccountRole.Guest
  return admin || rankOf(role) >= leastRank[imports]
}

/** @throws StatusError InvalidTransaction for what is no time */
function timeOf(tx: Tx, field: 'modifiedOn' | 'createdOn'): number | undefined {
  const time: unknown = tx[field]
  if (time === undefined || time === null) return undefined
  if (typeof time === 'number' && Math.abs(time) <= LAST_DATE) return time
  throw invalidTransaction('not milliseconds of a date', { field })
}
