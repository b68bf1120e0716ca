import { board } from '../../examples/board/model.ts'
import { any, collection, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { Account, Class, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx, TxCreateDoc } from '../../model/transactions.ts'

/** Public spaces for documents of tests, declared by a module so that they have no entries in a log. */
const ids = ['board:project:test', 'board:project:a', 'board:project:b', 'board:project:WEB', 'open', 'p']
const testSpaces: readonly Tx[] = ids.map((id) =>
  declaration(core.class.Space, id, {
    name: id,
    description: '',
    private: false,
    members: [],
    archived: false,
  }),
)

/** Accounts `account:ann` and the like, for tests of the pipeline without a server. */
export function testAccounts(...names: string[]): Tx[] {
  return names.map((name) =>
    declaration(core.class.Account, `account:${name}`, { email: name, role: 'USER' }),
  )
}

function declaration(_class: Ref<Class>, objectId: string, attributes: Record<string, unknown>): TxCreateDoc {
  return {
    _id: `test:tx:${objectId}` as Ref,
    _class: core.class.TxCreateDoc,
    space: core.space.Tx,
    objectId: objectId as Ref,
    objectClass: _class,
    objectSpace: core.space.Model,
    modifiedBy: 'core:account:System' as Ref<Account>,
    modifiedOn: 1,
    attributes,
  }
}

const builder = createModelBuilder('test')

/** Comments that have comments of their own. */
builder.mixin('Answered', {
  extends: board.class.Comment,
  attributes: { replies: collection(board.class.Comment) },
})

/** Its documents hold any value. */
builder.class('Odd', { extends: core.class.Doc, domain: 'odd', attributes: { value: any(), list: any() } })

/** Its documents may be in any space, like those of older versions. */
const Loose = builder.class('Loose', {
  extends: core.class.Doc,
  domain: 'loose',
  strict: false,
  attributes: { title: string({ fullText: true }) },
})

builder.mixin('Noted', { extends: Loose, strict: false, attributes: { notes: any() } })

/** A module, for servers of tests. */
export default { name: 'test-spaces', model: [...testSpaces, ...builder.transactions()] }
