import { arrayOf, boolean, number, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import { change, type ChangeOptions } from '../support/transactions.ts'

const builder = createModelBuilder('unique')

/** An email belongs to one person who is not archived, a number to one person of a space. */
export const Person = builder.class('Person', {
  extends: core.class.Doc,
  domain: 'person',
  attributes: {
    email: string(),
    archived: boolean({ default: false }),
    number: number(),
    title: string(),
    tags: arrayOf(string()),
  },
  unique: [{ fields: ['email'], where: { archived: false } }, { fields: ['space', 'number'] }],
})

/** Its documents are persons too. */
export const Employee = builder.class('Employee', { extends: Person })

/** A mixin with a key of its own. */
export const Badge = builder.mixin('Badge', {
  extends: Person,
  attributes: { code: string() },
  unique: [{ fields: ['code'] }],
})

export const uniqueModel = builder.transactions()

/** The same classes, as they were before their keys were declared. */
export const withoutKeys: readonly Tx[] = uniqueModel.map((tx) => {
  const { unique: _, ...attributes } = tx.attributes
  return { ...tx, attributes }
})

export function create(
  id: string,
  attributes: object,
  options: ChangeOptions & { _class?: string } = {},
): Tx & Record<string, unknown> {
  const { _class = Person, ...rest } = options
  return change('core:class:TxCreateDoc', id, _class, { space: 'p', ...rest }, { attributes })
}

export function update(
  id: string,
  operations: object,
  options: ChangeOptions = {},
): Tx & Record<string, unknown> {
  return change('core:class:TxUpdateDoc', id, Person, { space: 'p', ...options }, { operations })
}

export function remove(id: string): Tx & Record<string, unknown> {
  return change('core:class:TxRemoveDoc', id, Person, { space: 'p' }, {})
}

export function badge(id: string, attributes: object): Tx & Record<string, unknown> {
  return change('core:class:TxMixin', id, Person, { space: 'p' }, { mixin: Badge, attributes })
}

/** A module, for servers of tests. */
export default { name: 'unique', model: uniqueModel }
