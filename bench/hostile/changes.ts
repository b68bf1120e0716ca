import { generateId } from '../../model/generate-id.ts'
import { projectId } from '../support/tasks.ts'

export const TASK = 'board:class:Task'
export const COMMENT = 'board:class:Comment'
export const USER_STATUS = 'core:class:UserStatus'

export interface Change {
  _id: string
  objectId: string
}

function change(account: string, _class: string, fields: object): Change {
  return {
    _id: generateId(),
    _class,
    space: 'core:space:Tx',
    objectId: generateId(),
    objectClass: TASK,
    objectSpace: projectId(0),
    modifiedBy: account,
    modifiedOn: 0,
    ...fields,
  } as Change
}

/** Creates a task. */
export function create(account: string, attributes: object, fields: object = {}): Change {
  return change(account, 'core:class:TxCreateDoc', { attributes, ...fields })
}

/** Changes a task. */
export function update(account: string, objectId: string, operations: object): Change {
  return change(account, 'core:class:TxUpdateDoc', { objectId, operations })
}

/** Removes a task. */
export function remove(account: string, objectId: string): Change {
  return change(account, 'core:class:TxRemoveDoc', { objectId })
}

export function applyIf(account: string, txes: readonly Change[], fields: object = {}): object {
  const { objectId: _, ...header } = change(account, 'core:class:TxApplyIf', { txes, ...fields })
  return header
}

/** Adds a comment to a task. */
export function comment(account: string, objectId: string): Change {
  const tx = create(account, { message: 'x' }, { objectClass: COMMENT })
  return change(account, 'core:class:TxCollectionCUD', { objectId, collection: 'comments', tx })
}
