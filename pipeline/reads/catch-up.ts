import type { TxCUD } from '../../model/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import type { Turns } from '../shared/turns.ts'
import { type Permissions, seesEverything } from '../permissions/permissions.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'

/** Log entries read at a time. */
const PAGE = 1000

export interface CatchUp {
  pushes: { seq: number; tx: TxCUD }[]
  /** The log position after these pushes, which may be beyond the last of them. */
  seq: number
}

export interface CatchUpRequest {
  after: number
  most: number
  mostBytes?: number
}

/**
 * The pushes that the caller would have received since a log position, in order.
 * @param after `seq` of the last entry that the client knows
 * @param most maximum number of entries to read
 * @param mostBytes maximum size of JSON text to send; unlimited if omitted
 * @returns `undefined` if the client has to reload: there is too much, it is another log, or the caller's visibility
 *   changed
 */
export async function catchUp(
  workspace: {
    id: string
    permissions: Permissions
    storage: WorkspaceStorage
    turns: Turns
    lastSeq: () => number
  },
  caller: Caller,
  { after, most, mostBytes = Infinity }: CatchUpRequest,
): Promise<CatchUp | undefined> {
  const { permissions, turns } = workspace
  const seq = workspace.lastSeq()
  if (after > seq || seq - after > most) return undefined
  const pushes: CatchUp['pushes'] = []
  let bytes = 0
  for (let from = after; from < seq;) {
    const page = await workspace.storage.readLog({ after: from, limit: Math.min(PAGE, seq - from) })
    if (page.length === 0) return undefined
    for (const entry of page) {
      const turn = turns.pause(workspace.id)
      if (turn !== undefined) await turn
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
