import { brand } from '../../model/brand.ts'
import { core } from '../../model/identifiers.ts'
import type { TxWorkspaceEvent, WorkspaceEvent } from '../../model/transactions.ts'

/** An event from the server to clients, which is pushed and not logged. */
export function workspaceEvent(
  { generateId, now }: { generateId: () => string; now: () => number },
  event: WorkspaceEvent,
  params: unknown,
): TxWorkspaceEvent {
  return {
    _id: brand(generateId()),
    _class: core.class.TxWorkspaceEvent,
    space: core.space.DerivedTx,
    objectSpace: core.space.DerivedTx,
    modifiedBy: core.account.System,
    modifiedOn: now(),
    event,
    params,
  }
}
