import { expect, test } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'

test.each([null, 5, 'a', [], { _class: 7 }])(
  'AUTH-15: a collection transaction around %j in the log of the model does not keep administrators out',
  async (tx) => {
    const server = await testServer({ storage: 'embedded' })
    const ann = await RawClient.open(server.url, server.token('ann'))
    const tool = await RawClient.open(server.url, server.token('tool', 'w1', { mode: 'backup' }))
    const bad = {
      _id: 'bad',
      _class: 'core:class:TxCollectionCUD',
      space: 'core:space:Tx',
      modifiedBy: 'core:account:System',
      modifiedOn: 5,
      objectId: 'o',
      objectClass: 'core:class:Class',
      objectSpace: 'core:space:Model',
      collection: 'c',
      tx,
    }
    await tool.request('upload', ['tx', [bad]])
    await tool.close()
    await ann.waitForClose()
    for (const claims of [{ admin: 'true' as const }, { mode: 'backup' as const }]) {
      const client = await RawClient.open(server.url, server.token('root', 'w1', claims))
      expect(client.closed).toBeUndefined()
      await client.close()
    }
  },
)
