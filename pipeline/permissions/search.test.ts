import { expect, test } from '@jest/globals'
import { systemClock } from '../../model/clock.ts'
import { string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import { core } from '../../model/identifiers.ts'
import { modelOf } from '../../server/modules/load-modules.ts'
import { ann, bob, caller } from '../../tests/support/test-pipeline.ts'
import { testAccounts } from '../../tests/support/test-spaces.ts'
import { TestLog } from '../../tests/support/test-server.ts'
import { change } from '../../tests/support/transactions.ts'
import { openWorkspace } from '../open-workspace.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'

const builder = createModelBuilder('diary')
builder.class('Page', {
  extends: core.class.Preference,
  attributes: { text: string({ fullText: true }) },
})

test('PIPE-70: full-text search finds documents that are for their creator only for that account, with highlights', async () => {
  const pipeline = await openWorkspace({
    id: 'w1',
    storage: createMemoryStorage(),
    base: modelOf([{ model: builder.transactions() }, { model: testAccounts('ann', 'bob') }]),
    clock: { now: systemClock.now },
    logger: new TestLog(),
    committed: () => undefined,
  })
  const page = (by: string, id: string) =>
    change(
      'core:class:TxCreateDoc',
      id,
      'diary:class:Page',
      { by, space: 'core:space:Space' },
      {
        attributes: { text: `Dear diary of ${id}` },
      },
    )
  await pipeline.tx(ann, page('account:ann', 'a1'))
  await pipeline.tx(bob, page('account:bob', 'b1'))
  const found = async (who: typeof ann) => (await pipeline.searchFulltext(who, { query: 'diar' }, {})).docs
  const idsFor = async (who: typeof ann) => (await found(who)).map(({ id }) => id).sort()
  expect([await idsFor(ann), await idsFor(bob)]).toStrictEqual([['a1'], ['b1']])
  expect([await idsFor(caller('carl')), await idsFor(caller('root', { admin: true }))]).toStrictEqual([
    [],
    ['a1', 'b1'],
  ])
  const [own] = await found(ann)
  expect(own?.highlights).toStrictEqual([{ field: 'text', text: 'Dear diary of a1', marks: [[5, 10]] }])
  await pipeline.close()
})
