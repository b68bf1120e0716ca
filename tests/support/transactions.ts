import { generateId } from '../../model/generate-id.ts'
import type { Tx } from '../../model/transactions.ts'

export interface ChangeOptions {
  by?: string
  space?: string
  _id?: string
}

/** Transactions of the board example, in the form that a client sends. */
export function createTask(objectId: string, attributes: object, options: ChangeOptions = {}) {
  return change('core:class:TxCreateDoc', objectId, 'board:class:Task', options, { attributes })
}

export function updateTask(objectId: string, operations: object, options: ChangeOptions = {}) {
  return change('core:class:TxUpdateDoc', objectId, 'board:class:Task', options, { operations })
}

export function removeTask(objectId: string, options: ChangeOptions = {}) {
  return change('core:class:TxRemoveDoc', objectId, 'board:class:Task', options, {})
}

export function comment(taskId: string, commentId: string, options: ChangeOptions = {}) {
  const tx = change('core:class:TxCreateDoc', commentId, 'board:class:Comment', options, {
    attributes: { message: `comment ${commentId}` },
  })
  return change('core:class:TxCollectionCUD', taskId, 'board:class:Task', options, {
    collection: 'comments',
    tx,
  })
}

export function applyIf(fields: object, options: ChangeOptions = {}): Tx {
  const { objectId: _, objectClass: __, ...tx } = change('core:class:TxApplyIf', '-', '-', options, fields)
  return tx as unknown as Tx
}

export function change(
  _class: string,
  objectId: string,
  objectClass: string,
  options: ChangeOptions,
  fields: object,
): Tx & Record<string, unknown> {
  const { by = 'account:ann', space = 'board:project:test', _id = generateId() } = options
  return {
    _id,
    _class,
    space: 'core:space:Tx',
    objectId,
    objectClass,
    objectSpace: space,
    modifiedBy: by,
    modifiedOn: 1,
    ...fields,
  } as unknown as Tx & Record<string, unknown>
}
