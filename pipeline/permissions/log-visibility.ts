import type { Account, Ref } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core } from '../../model/identifiers.ts'
import { innerChange } from '../../model/inner-change.ts'
import { isFields } from '../../model/json-value.ts'
import type { Condition, Path } from '../../model/query/plan.ts'
import type { TxCreateDoc, TxCUD } from '../../model/transactions.ts'
import type { Audience } from '../push/push.ts'

/*
 * A logged transaction names the real class and space of its document, and the creator if only the creator sees the
 * document (`commit/steps/apply-to-document.ts`). So the visibility of an entry follows from the log alone: it is
 * that of the innermost document before and after the change.
 */

/** The accounts that see a log entry. */
export function audienceOfLogEntry(hierarchy: Hierarchy, tx: TxCUD): Audience {
  const change = innerChange(tx)
  const { objectClass, objectId, objectSpace, createdBy } = change
  if (hierarchy.findClass(objectClass) === undefined) return { spaces: [], creator: null }
  const creator = hierarchy.creatorsOnly().has(objectClass) ? (createdBy ?? null) : undefined
  const spaces: string[] = [objectSpace]
  const target = targetSpace(change)
  if (typeof target === 'string') spaces.push(target)
  if (hierarchy.isDerived(objectClass, core.class.Space)) spaces.push(objectId)
  return { spaces, creator }
}

/** The condition that an account sees a log entry. */
export function logVisibilityCondition(
  hierarchy: Hierarchy,
  account: Ref<Account>,
  visible: readonly string[],
): Condition {
  const isCollection: Condition = { op: 'eq', path: ['_class'], value: core.class.TxCollectionCUD }
  return anyOf([
    allOf([none(isCollection), changeCondition(hierarchy, [], account, visible)]),
    allOf([isCollection, changeCondition(hierarchy, ['tx'], account, visible)]),
  ])
}

function changeCondition(
  hierarchy: Hierarchy,
  at: Path,
  account: Ref<Account>,
  visible: readonly string[],
): Condition {
  const spaces = [...visible]
  const isOf = (classes: Iterable<string>): Condition => ({
    op: 'in',
    path: [...at, 'objectClass'],
    values: [...classes],
    isRule: true,
  })
  const inVisible = (field: Path): Condition => ({
    op: 'in',
    path: [...at, ...field],
    values: spaces,
    isRule: true,
  })
  const target = ['operations', 'space']
  return allOf([
    isOf(hierarchy.classes()),
    inVisible(['objectSpace']),
    anyOf([{ op: 'exists', path: [...at, ...target], value: false }, inVisible(target)]),
    anyOf([none(isOf(hierarchy.descendants(core.class.Space))), inVisible(['objectId'])]),
    anyOf([none(isOf(hierarchy.creatorsOnly())), { op: 'eq', path: [...at, 'createdBy'], value: account }]),
  ])
}

/** Fields of a space that determine who sees it. */
const deciding = ['private', 'members']

/**
 * Whether the entry may have changed what an account sees. If so, entries alone do not bring a returning client up to
 * date.
 */
export function changesVisibility(
  hierarchy: Hierarchy,
  isVisible: (space: string) => boolean,
  tx: TxCUD,
): boolean {
  const change = innerChange(tx)
  const target = targetSpace(change)
  if (typeof target === 'string' && target !== change.objectSpace)
    return isVisible(change.objectSpace) !== isVisible(target)
  return hierarchy.isDerived(change.objectClass, core.class.Space) && changesSpace(change)
}

/** The space to which an update moves the document. */
function targetSpace(change: TxCUD): unknown {
  return 'operations' in change ? change.operations?.['space'] : undefined
}

function changesSpace(change: TxCUD): boolean {
  switch (change._class) {
    case 'core:class:TxCreateDoc':
      // The system may have created documents in a space before the space itself.
      return isPrivate(change) || change.modifiedBy === core.account.System
    case 'core:class:TxUpdateDoc':
      return deciding.some((field) => names(change.operations, field))
    default:
      return change._class === 'core:class:TxRemoveDoc'
  }
}

function isPrivate({ attributes }: TxCreateDoc): boolean {
  return attributes['private'] === true
}

/** Whether the operations change the field, directly or through an operator. */
function names(operations: object, field: string): boolean {
  return Object.entries(operations).some(
    ([key, value]) =>
      key.split('.')[0] === field || (key.startsWith('$') && isFields(value) && names(value, field)),
  )
}

function allOf(conditions: Condition[]): Condition {
  return { op: 'all-of', conditions }
}

function anyOf(conditions: Condition[]): Condition {
  return { op: 'any-of', conditions }
}

function none(condition: Condition): Condition {
  return { op: 'none-of', conditions: [condition] }
}
