/** A small model and documents for the tests of this folder. */
import { arrayOf, collection, enumOf, number, refTo, string } from './attribute-types.ts'
import { baseModel } from './base-model.ts'
import { createModelBuilder } from './builder.ts'
import { brand } from './brand.ts'
import type { Doc } from './documents.ts'
import { Hierarchy } from './hierarchy.ts'
import { core } from './identifiers.ts'
import { StatusError } from './status.ts'
import type { Tx, TxCreateDoc, TxMixin, TxUpdateDoc } from './transactions.ts'

const builder = createModelBuilder('board', { strict: false })

export const State = builder.enum('State', ['todo', 'done'])
export const Named = builder.interface('Named', {})
builder.class('Project', { extends: core.class.Space, domain: 'project' })
export const Task = builder.class('Task', {
  extends: core.class.AttachedDoc,
  implements: [Named],
  domain: 'task',
  attributes: {
    title: string({ required: true, fullText: true }),
    state: enumOf(State, { default: 'todo' }),
    votes: number({ default: 0 }),
    assignee: refTo(core.class.Account),
    tags: arrayOf(string()),
    comments: collection(brand('board:class:Comment')),
  },
})
export const Bug = builder.class('Bug', { extends: Task, attributes: { steps: string({ fullText: true }) } })
export const Comment = builder.class('Comment', {
  extends: core.class.AttachedDoc,
  domain: 'comment',
  attributes: { message: string() },
})
export const Estimated = builder.mixin('Estimated', {
  extends: Task,
  attributes: { hours: number({ required: true }), reasons: arrayOf(string(), { fullText: true }) },
})
export const boardModel = builder.transactions()

export function boardHierarchy(): Hierarchy {
  return hierarchyOf([...baseModel, ...boardModel])
}

export function hierarchyOf(model: readonly Tx[]): Hierarchy {
  const hierarchy = new Hierarchy()
  for (const tx of model) hierarchy.apply(tx)
  return hierarchy
}

const header = {
  _id: brand('tx'),
  space: core.space.Tx,
  modifiedBy: core.account.System,
  modifiedOn: 20,
  objectId: brand('doc'),
  objectSpace: core.space.Space,
}

export function createTx(
  attributes: Record<string, unknown>,
  change: Partial<TxCreateDoc> = {},
): TxCreateDoc {
  return { ...header, _class: core.class.TxCreateDoc, objectClass: Task, attributes, ...change }
}

export function updateTx(
  operations: TxUpdateDoc['operations'],
  change: Partial<TxUpdateDoc> = {},
): TxUpdateDoc {
  return { ...header, _class: core.class.TxUpdateDoc, objectClass: Task, operations, ...change }
}

export function mixinTx(attributes: TxMixin['attributes'], change: Partial<TxMixin> = {}): TxMixin {
  return { ...header, _class: core.class.TxMixin, objectClass: Task, mixin: Estimated, attributes, ...change }
}

export function document(fields: Record<string, unknown> = {}): Doc {
  return {
    _id: brand('doc'),
    _class: Task,
    space: core.space.Space,
    modifiedBy: core.account.System,
    modifiedOn: 10,
    ...fields,
  }
}

const headerNames = ['_id', '_class', 'space', 'modifiedBy', 'modifiedOn', 'createdBy', 'createdOn']

/** The fields of a document without its header. */
export function fieldsOf(doc: Doc | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(doc ?? {}).filter(([key]) => !headerNames.includes(key)))
}

/** For `assert.throws`: an error with this code and these parameters. */
export function coded(code: string, params: Record<string, unknown> = {}): (error: unknown) => boolean {
  return (error) => {
    const status = error instanceof StatusError ? error.status : undefined
    const matches = Object.entries(params).every(([key, value]) => status?.params[key] === value)
    return status?.code === code && matches
  }
}
