import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'

for (const tx of [null, 5, 'a', [], { _class: 7 }])
  test(`AUTH-15: a collection transaction around ${JSON.stringify(tx)} in the log of the model keeps no administrator out`, async (context) => {
    const server = await testServer(context, { storage: 'embedded' })
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
      assert.equal(client.closed, undefined)
      await client.close()
    }
  })
