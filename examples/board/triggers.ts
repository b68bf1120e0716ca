import type { Account, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCreateDoc, TxCUD, TxUpdateDoc } from '../../model/transactions.ts'
import type { AsyncTrigger, SyncTrigger } from '../../pipeline/modules/trigger.ts'
import { board, type Task } from './model.ts'

const created = core.class.TxCreateDoc
const updated = core.class.TxUpdateDoc

/** A task that is finished tells since when; one that is taken up again no longer does. */
export const doneOn: SyncTrigger = {
  kind: 'sync',
  name: 'done-on',
  on: { classes: [board.class.Task], transactions: [created, updated] },
  run: ({ before, after, bySender }, { modifiedOn }) => {
    const task = after as Task | undefined
    const isDone = task?.status === 'done'
    if (task === undefined || isDone === ((before as Task | undefined)?.status === 'done')) return []
    if (isDone) return [bySender.update(task, { doneOn: modifiedOn })]
    return task.doneOn == null ? [] : [bySender.update(task, { $unset: { doneOn: '' } })]
  },
}

/** Whoever gets a task from somebody else finds a notification, which nobody else sees. */
export const notifyAssignee: AsyncTrigger = {
  kind: 'async',
  name: 'notify-assignee',
  on: { classes: [board.class.Task], transactions: [created, updated] },
  run: async ({ bySystem, get }, tx) => {
    const assignee = assigneeIn(tx)
    if (assignee === undefined || assignee === tx.modifiedBy) return []
    const task = await get(board.class.Task, tx.objectId)
    if (task?.assignee !== assignee) return []
    const space = await get(core.class.Space, task.space)
    if (space?.private === true && !space.members.includes(assignee)) return []
    const attributes = { task: task._id as Ref<Task>, assignedBy: tx.modifiedBy, isRead: false }
    return [bySystem.create(board.class.Notification, notifications, attributes, { createdBy: assignee })]
  },
}

/** Where notifications are: who sees one goes by who it is for. */
const notifications = core.space.Space as Ref<Space>

/** Who the transaction gives the task to. */
function assigneeIn(tx: TxCUD): Ref<Account> | undefined {
  const { attributes, operations } = tx as Partial<TxCreateDoc & TxUpdateDoc>
  const assignee = (tx._class === created ? attributes : operations)?.['assignee']
  return typeof assignee === 'string' ? (assignee as Ref<Account>) : undefined
}
