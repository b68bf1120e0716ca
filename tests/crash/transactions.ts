import { board } from '../../examples/board/model.ts'
import type { Class, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type {
  Tx,
  TxApplyIf,
  TxCollectionCUD,
  TxCreateDoc,
  TxCUD,
  TxRemoveDoc,
  TxUpdateDoc,
  UpdateOperations,
} from '../../model/transactions.ts'
import { accountId } from '../../server/workspaces/resolve-caller.ts'

export const EMAIL = 'writer'
export const PROJECT = 'board:project:CRASH' as Ref<Space>
/** A task that every writer increments. */
export const SHARED = 'shared' as Ref

function change(
  id: string,
  objectId: Ref,
  objectClass: Ref<Class>,
  objectSpace: Ref<Space> = PROJECT,
): TxRemoveDoc {
  return {
    _id: id as Ref<Tx>,
    _class: core.class.TxRemoveDoc,
    space: core.space.Tx,
    objectId,
    objectClass,
    objectSpace,
    modifiedBy: accountId(EMAIL),
    modifiedOn: 0,
  }
}

export function createProject(id: string): TxCreateDoc {
  const attributes = {
    name: 'Crash',
    description: '',
    private: false,
    members: [accountId(EMAIL)],
    archived: false,
  }
  const fields = change(id, PROJECT, board.class.Project, core.space.Space)
  return { ...fields, _class: core.class.TxCreateDoc, attributes: { ...attributes, identifier: 'CRASH' } }
}

export function createTask(id: string, task: Ref): TxCreateDoc {
  const attributes = { title: `Task ${task}`, labels: ['made'], votes: 0 }
  return { ...change(id, task, board.class.Task), _class: core.class.TxCreateDoc, attributes }
}

export function updateTask(id: string, task: Ref, operations: UpdateOperations): TxUpdateDoc {
  return { ...change(id, task, board.class.Task), _class: core.class.TxUpdateDoc, operations }
}

export function removeTask(id: string, task: Ref): TxRemoveDoc {
  return change(id, task, board.class.Task)
}

export function addComment(id: string, task: Ref, comment: Ref): TxCollectionCUD {
  const attributes = { message: `A remark on ${task}` }
  const tx: TxCreateDoc = {
    ...change(`${id}.inner`, comment, board.class.Comment),
    _class: core.class.TxCreateDoc,
    attributes,
  }
  return collection(id, task, tx)
}

export function removeComment(id: string, task: Ref, comment: Ref): TxCollectionCUD {
  return collection(id, task, change(`${id}.inner`, comment, board.class.Comment))
}

function collection(id: string, task: Ref, tx: TxCollectionCUD['tx']): TxCollectionCUD {
  return {
    ...change(id, task, board.class.Task),
    _class: core.class.TxCollectionCUD,
    collection: 'comments',
    tx,
  }
}

/** Two changes, of which both apply or neither. */
export function both(id: string, first: (id: string) => TxCUD, second: (id: string) => TxCUD): TxApplyIf {
  const { modifiedBy, modifiedOn, space } = change(id, SHARED, board.class.Task)
  return {
    _id: id as Ref<Tx>,
    _class: core.class.TxApplyIf,
    space,
    objectSpace: PROJECT,
    modifiedBy,
    modifiedOn,
    scope: 'both',
    txes: [first(`${id}.1`), second(`${id}.2`)],
  }
}

/** Ids of a request in the log. */
export function loggedIds(tx: Tx): string[] {
  return tx._class === core.class.TxApplyIf ? (tx as TxApplyIf).txes.map(({ _id }) => _id) : [tx._id]
}
