import { z } from 'zod'
import { core } from '../model/identifiers.ts'
import { isFields } from '../model/json-value.ts'
import { StatusError } from '../model/status.ts'
import { takeTransaction } from '../model/take-transaction.ts'
import type { Tx } from '../model/transactions.ts'
import { describe } from './parse-request.ts'

/** Maximum length of an id of a document, class or space. */
const MAX_ID_LENGTH = 512

const id = z.string().min(1).max(MAX_ID_LENGTH)
const record = z.record(z.string(), z.unknown())
const txFields = { _id: id, space: id, objectSpace: id, modifiedBy: id, modifiedOn: z.number().optional() }
const changeFields = { ...txFields, objectId: id, objectClass: id }

const create = z.looseObject({
  _class: z.literal(core.class.TxCreateDoc),
  ...changeFields,
  attributes: record,
  attachedTo: id.optional(),
  attachedToClass: id.optional(),
  collection: id.optional(),
})
const update = z.looseObject({
  _class: z.literal(core.class.TxUpdateDoc),
  ...changeFields,
  operations: record,
  retrieve: z.boolean().nullish(),
})
const remove = z.looseObject({
  _class: z.literal(core.class.TxRemoveDoc),
  ...changeFields,
  cascade: z.boolean().nullish(),
})
const mixin = z.looseObject({
  _class: z.literal(core.class.TxMixin),
  ...changeFields,
  mixin: id,
  attributes: record,
})
const collection = z.looseObject({
  _class: z.literal(core.class.TxCollectionCUD),
  ...changeFields,
  collection: id,
  tx: z.discriminatedUnion('_class', [create, update, remove, mixin]),
})
const changes = [create, update, remove, mixin, collection] as const
const change = z.discriminatedUnion('_class', changes)
const match = z.array(z.object({ _class: id, query: record })).nullish()

/** `objectSpace` has no meaning here, and some clients omit it. */
const applyIf = z.looseObject({
  _class: z.literal(core.class.TxApplyIf),
  ...txFields,
  objectSpace: id.nullish(),
  scope: z.string().nullish(),
  match,
  notMatch: match,
  txes: z.array(change),
  notify: z.boolean().nullish(),
  extraNotify: z.array(id).nullish(),
})
const event = z.looseObject({
  _class: z.literal(core.class.TxWorkspaceEvent),
  ...txFields,
  objectSpace: id.nullish(),
  event: z.number().int(),
  params: z.unknown(),
})
const modelUpgrade = z.looseObject({ _class: z.literal(core.class.TxModelUpgrade), ...txFields })

export const transactionSchema = z.discriminatedUnion('_class', [...changes, applyIf, event, modelUpgrade])

/**
 * Parses a transaction as received.
 * @throws StatusError `core:status:InvalidTransaction` that names the invalid fields
 */
export function parseTransaction(value: unknown): Tx {
  // Undeclared fields are kept too, so they have to be normalized: an invalid value would fail the commit.
  const taken = takeTransaction(value)
  if (isChange(taken)) return taken
  const parsed = transactionSchema.safeParse(taken)
  if (!parsed.success) throw invalid(describe(parsed.error))
  const data: unknown = parsed.data
  // The schema matches `Tx`, except for the brands of ids.
  return data as Tx
}

/** Validates most transactions without the schema, which is slower and needed only for the error. */
function isChange(value: unknown): value is Tx {
  if (!isFields(value)) return false
  const { _class, modifiedOn, attributes, operations, retrieve } = value
  if (modifiedOn !== undefined && typeof modifiedOn !== 'number') return false
  for (const name of idNames) if (!isId(value[name])) return false
  if (_class === core.class.TxCreateDoc) return isFields(attributes) && value['attachedTo'] === undefined
  return _class === core.class.TxUpdateDoc && isFields(operations) && typeof (retrieve ?? true) === 'boolean'
}

const idNames = Object.keys(changeFields).filter((name) => name !== 'modifiedOn')

function isId(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_ID_LENGTH
}

function invalid(message: string): StatusError {
  return new StatusError('core:status:InvalidTransaction', { message })
}
