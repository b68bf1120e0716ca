import { expect, test } from '@jest/globals'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expectThat } from '../../support/expecting.ts'
import { onTestEnd } from '../../support/on-test-end.ts'
import { RawClient } from '../../support/raw-client.ts'
import { root } from '../../support/root.ts'
import { TEST_SPACES, testServer } from '../../support/test-server.ts'
import { change } from '../../support/transactions.ts'

const ORDER = 'shop:class:Order'

test('MOD-199: the module that docs/modules.md declares loads, and clients create documents of its class', async () => {
  const documentation = await readFile(join(root, 'docs', 'modules.md'), 'utf8')
  const source = /## Declaring a module[\s\S]*?```js\n([\s\S]*?)```/.exec(documentation)?.[1]
  expectThat(source !== undefined)
  // Within the checkout, so that it finds `atrium` and `zod`.
  const folder = await mkdtemp(join(fileURLToPath(new URL('.', import.meta.url)), 'documentation-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'shop.mjs')
  await writeFile(path, source)
  const { url, token } = await testServer({ modules: `board,${TEST_SPACES},${path}` })
  const client = await RawClient.open(url, token('ann'))
  const create = (id: string, attributes: object) =>
    client.request('tx', [change('core:class:TxCreateDoc', id, ORDER, { space: 'p' }, { attributes })])
  await create('o1', { title: 'boat' })
  await expect(create('o2', { title: 'boat', state: 'lost' })).rejects.toThrow('InvalidAttribute')
  const orders = (await client.request('findAll', [ORDER, {}])) as object[]
  expect(orders).toHaveLength(1)
  expect(orders[0]).toMatchObject({ _id: 'o1', title: 'boat', state: 'open' })
})
