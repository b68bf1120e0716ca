import { describe, expect, test } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change } from '../support/transactions.ts'

const status = (id: string, note: string) =>
  change(
    'core:class:TxCreateDoc',
    id,
    'core:class:UserStatus',
    { space: 'core:space:Space' },
    {
      attributes: { online: true, user: 'account:ann', note },
    },
  )

describe('transient documents', () => {
  test('LIM-131: transient documents of an account are bounded in size, each and together, and others are not affected', async () => {
    const { url, token } = await testServer()
    const [ann, bob] = [await RawClient.open(url, token('ann')), await RawClient.open(url, token('bob'))]
    const large = await ann.ask('tx', [status('large', 'x'.repeat(20_000))])
    expect(large.error).toMatchObject({
      code: 'platform:status:TooLarge',
      params: { limit: 16_384, _id: 'large' },
    })
    let refused: unknown
    for (let at = 0; at < 100 && refused === undefined; at++)
      refused = (await ann.ask('tx', [status(`s${at}`, 'x'.repeat(4000))])).error
    expect(refused).toMatchObject({
      code: 'platform:status:LimitReached',
      params: { limit: 'bytes of transient documents of an account', value: 262_144 },
    })
    const own = {
      ...status('bob', 'x'),
      modifiedBy: 'account:bob',
      attributes: { online: true, user: 'account:bob' },
    }
    expect((await bob.ask('tx', [own])).error).toBeUndefined()
    // What is removed makes room.
    const removal = change(
      'core:class:TxRemoveDoc',
      's0',
      'core:class:UserStatus',
      { space: 'core:space:Space' },
      {},
    )
    expect((await ann.ask('tx', [removal])).error).toBeUndefined()
    expect((await ann.ask('tx', [status('again', 'x'.repeat(1000))])).error).toBeUndefined()
  })
})
