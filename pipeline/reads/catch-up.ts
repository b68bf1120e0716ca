import type { TxCUD } from '../../model/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import { type Permissions, seesEverything } from '../permissions/permissions.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

/** Log entries read at a time. */
const PAGE = 1000

export interface CatchUp {
  pushes: { seq: number; tx: TxCUD }[]
  /** The place in the log they lead to, which may be beyond the last of them. */
  seq: number
}

export interface CatchUpRequest {
  after: number
  most: number
  mostBytes?: number
}

/**
 * What the caller would have been pushed since a place in the log, in order.
 *
 * @param after `seq` of the last entry known
 * @param most entries worth reading
 * @param mostBytes of JSON text worth sending, unless given without bound
 * @returns `undefined` when it can't be told exactly: too much, not of this log, or what the caller may see has changed
 */
export async function catchUp(
  workspace: { permissions: Permissions; storage: WorkspaceStorage; lastSeq: () => number },
  caller: Caller,
  { after, most, mostBytes = Infinity }: CatchUpRequest,
): Promise<CatchUp | undefined> {
  const { permissions } = workspace
  const seq = workspace.lastSeq()
  if (after > seq || seq - after > most) return undefined
  const pushes: CatchUp['pushes'] = []
  let bytes = 0
  for (let from = after; from < seq;) {
    const page = await workspace.storage.readLog({ after: from, limit: Math.min(PAGE, seq - from) })
    if (page.length === 0) return undefined
    for (const entry of page) {
      if (!seesEverything(caller) && permissions.changesVisibility(caller.account, entry.tx)) return undefined
      if (permissions.mayReceive(caller, permissions.audienceOfLogEntry(entry.tx))) {
        pushes.push({ seq: entry.seq, tx: entry.tx })
        bytes += JSON.stringify(entry.tx).length
        if (bytes > mostBytes) return undefined
      }
      from = entry.seq
    }
  }
  return { pushes, seq }
}
