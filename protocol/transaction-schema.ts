import { z } from 'zod'
import { core } from '../model/identifiers.ts'
import { type Fields, isFields } from '../model/json-value.ts'
import { StatusError } from '../model/status.ts'
import { takeTransaction } from '../model/take-transaction.ts'
import type { Tx } from '../model/transactions.ts'
import { describe } from './parse-request.ts'
import { isPlainChange, MAX_ID_LENGTH } from './plain-change.ts'

/** Maximum changes of an apply-if. */
export const MAX_CHANGES = 10_000
/** Maximum conditions of an apply-if: each is a query. */
export const MAX_MATCHES = 100

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
const match = z
  .array(z.object({ _class: id, query: record }))
  .max(MAX_MATCHES)
  .nullish()

/** `objectSpace` has no meaning here, and some clients omit it. */
const applyIf = z.looseObject({
  _class: z.literal(core.class.TxApplyIf),
  ...txFields,
  objectSpace: id.nullish(),
  scope: z.string().nullish(),
  match,
  notMatch: match,
  txes: z.array(change).max(MAX_CHANGES),
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
  if (isPlainChange(taken)) return taken
  return (isFields(taken) ? parsePlainApplyIf(taken) : undefined) ?? parse(taken)
}

/** An apply-if whose changes need no schema, which would block the event loop for thousands of them. */
function parsePlainApplyIf(taken: Fields): Tx | undefined {
  const { _class, txes } = taken
  const isPlain = Array.isArray(txes) && txes.length <= MAX_CHANGES && txes.every(isPlainChange)
  if (_class !== core.class.TxApplyIf || !isPlain) return undefined
  return Object.assign(parse({ ...taken, txes: [] }), { txes })
}

function parse(taken: unknown): Tx {
  const parsed = transactionSchema.safeParse(taken)
  if (!parsed.success) throw invalid(describe(parsed.error))
  const data: unknown = parsed.data
  // The schema matches `Tx`, except for the brands of ids.
  return data as Tx
}

function invalid(message: string): StatusError {
  return new StatusError('core:status:InvalidTransaction', { message })
}
