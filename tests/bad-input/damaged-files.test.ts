import { describe, expect, test } from '@jest/globals'
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RawClient } from '../support/raw-client.ts'
import { assertCoded, assertTellsNothing } from '../support/bystander.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

/** A server on a folder in which the test prepared the file of `w1`. */
async function damaged(damage: (file: string) => Promise<void>) {
  const first = await testServer({ storage: 'embedded' })
  const client = await RawClient.open(first.url, first.token('ann'))
  for (let number = 0; number < 50; number++)
    await client.request('tx', [createTask(`t${number}`, { title: 'x'.repeat(2000) })])
  await client.close()
  await first.server.stop()
  const folder = join(first.data, 'workspaces')
  const [file = ''] = (await readdir(folder)).filter((name) => name.startsWith('w-w1.db'))
  await damage(join(folder, file))
  return await testServer({ storage: 'embedded', data: first.data })
}

const damages: [string, (file: string) => Promise<void>][] = [
  ['cut in half', async (file) => await truncate(file, Math.floor((await readFile(file)).length / 2))],
  ['cut to a few bytes', async (file) => await truncate(file, 100)],
  ['overwritten with garbage', async (file) => await writeFile(file, Buffer.alloc(64 * 1024, 'garbage'))],
]

describe('damaged files', () => {
  test.each(damages)(
    'WIRE-130: a workspace whose file is damaged is refused with StorageDamaged, and the others continue (%s)',
    async (_what, damage) => {
      const { url, token } = await damaged(damage)
      const bystander = await RawClient.open(url, token('bob', 'w2'))
      for (let attempt = 0; attempt < 2; attempt++) {
        const client = new RawClient(url, token('ann'))
        const refusal = await client.wait(({ id }) => id === -1)
        assertCoded(refusal, 'platform:status:StorageDamaged')
        expect(refusal['result']).not.toBe('hello')
        const { reason } = await client.waitForClose()
        assertTellsNothing(reason)
      }
      const task = createTask('t1', { title: 'x' }, { by: 'account:bob' })
      expect(await bystander.request('tx', [task])).toStrictEqual({})
      expect(bystander.closed).toBeUndefined()
    },
  )

  test('WIRE-131: a folder in the place of a workspace’s file is a coded error for its own sessions only', async () => {
    const { url, token, data } = await testServer({ storage: 'embedded' })
    const bystander = await RawClient.open(url, token('bob', 'w2'))
    await mkdir(join(data, 'workspaces', 'w-w1.db'))
    const client = new RawClient(url, token('ann'))
    const refusal = await client.wait(({ id }) => id === -1)
    assertCoded(refusal, 'platform:status:Unavailable', 'platform:status:StorageDamaged')
    await client.waitForClose()
    expect(await bystander.request('ping')).toBe('pong!')
  })
})
