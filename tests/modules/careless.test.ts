import { describe, expect, test } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { board } from '../../examples/board/model.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { RawClient, RawError } from '../support/raw-client.ts'
import { TEST_SPACES, testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

const modules = `board,${TEST_SPACES},${fileURLToPath(new URL('careless-module.js', import.meta.url))}`

async function member(flags: Parameters<typeof testServer>[0], workspace = 'w1') {
  const server = await testServer({ modules, ...flags })
  const client = await RawClient.open(server.url, server.token('ann', workspace))
  onTestEnd(() => client.socket.close())
  const create = async (id: string, title: string, by = client) =>
    await by.request('tx', [createTask(id, { title })]).catch((error: unknown) => error as RawError)
  return { ...server, client, create }
}

describe('careless modules over the wire', () => {
  test('MOD-103: with ATRIUM_TRIGGER_TIMEOUT a transaction whose trigger hangs is refused, and those sent with it are committed', async () => {
    const { client, create, url, token } = await member({ triggerTimeout: '20ms' })
    const other = await RawClient.open(url, token('ann', 'w2'))
    const outcomes = await Promise.all([
      create('a', 'a'),
      create('b', 'hang'),
      create('c', 'c'),
      create('a', 'a', other),
    ])
    expect(outcomes).toStrictEqual([
      {},
      expect.objectContaining({ code: 'platform:status:TriggerTimeout' }),
      {},
      {},
    ])
    const found = (await client.request('findAll', [board.class.Task, {}])) as { _id: string }[]
    expect(found.map(({ _id }) => _id).toSorted()).toStrictEqual(['a', 'c'])
    other.socket.close()
  })

  test('MOD-101: ATRIUM_MODULE_CHECKS decides whether a change of what a trigger got is refused or has no effect', async () => {
    const copying = await member({ moduleChecks: 'copy' })
    expect(await copying.create('a', 'change')).toStrictEqual({})
    const [task] = (await copying.client.request('findAll', [board.class.Task, {}])) as { title: string }[]
    expect(task?.title).toBe('change')
    // The default where NODE_ENV is set, as in tests.
    const freezing = await member({})
    expect(await freezing.create('a', 'change')).toMatchObject({
      code: 'platform:status:InternalServerError',
    })
    expect(freezing.log.lines).toContainEqual(
      expect.objectContaining({
        message: 'a trigger failed',
        fields: expect.objectContaining({ trigger: 'careless.mistaken' }),
      }),
    )
  })
})
