import { expect, test } from '@jest/globals'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RawClient } from '../support/raw-client.ts'
import { root } from '../support/root.ts'
import { TEST_SPACES, testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { expectThat } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

interface Task {
  _id: string
  labels: string[]
}

test('MOD-11: the module that the README shows does what the README says', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const source = /## Modules[\s\S]*?```js\n([\s\S]*?)```/.exec(readme)?.[1]
  expectThat(source !== undefined)
  // Within the checkout, so that it finds `zod`.
  const folder = await mkdtemp(join(fileURLToPath(new URL('.', import.meta.url)), 'readme-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'stars.mjs')
  await writeFile(path, source)
  const { url, token } = await testServer({ modules: `board,${TEST_SPACES},${path}` })
  const client = await RawClient.open(url, token('ann'))
  for (const [id, priority] of [
    ['a', 'urgent'],
    ['b', 'low'],
  ] as const)
    await client.request('tx', [createTask(id, { title: id, priority }, { space: 'p' })])
  const tasks = (await client.request('findAll', ['board:class:Task', { labels: 'star' }])) as Task[]
  expect(tasks.map(({ _id, labels }) => [_id, labels])).toStrictEqual([['a', ['star']]])
  expect(await client.request('stars.count', [{ space: 'p' }])).toBe(1)
  await waitUntil(async () => {
    const comments = (await client.request('findAll', ['board:class:Comment', {}])) as unknown[]
    return comments.length === 2
  }, 'the welcome')
})
