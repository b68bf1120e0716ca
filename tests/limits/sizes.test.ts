import { describe, expect, test } from '@jest/globals'
import { ConfigurationError } from '../../server/configuration/configuration-error.ts'
import { resolveConfiguration } from '../../server/configuration/configuration.ts'
import { messageSizes } from '../../server/configuration/message-sizes.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, createTask, removeTask, updateTask } from '../support/transactions.ts'

const MIB = 1024 * 1024
/** Sizes that keep the tests short: 16, 32, 64 and 256 KiB. */
const small = { maxTransaction: '16384', maxPush: '32768', outboxBytes: '65536', maxPayload: '262144' }
const text = (bytes: number): string => 'x'.repeat(bytes)
const TOO_LARGE = 'platform:status:TooLarge'

/** Two members of one workspace, the second with positions in its pushes. */
async function members(flags: Record<string, string> = small) {
  const { url, token, server } = await testServer(flags)
  const ann = await RawClient.open(url, token('ann'))
  const bob = await RawClient.open(url, token('bob'), { protocol: 2 })
  return { url, token, server, ann, bob }
}

describe('sizes', () => {
  test('LIM-124: a transaction beyond the limit is refused with TooLarge in both encodings, and nobody’s session ends', async () => {
    const { url, token, ann, bob } = await members()
    const binary = await RawClient.open(url, token('eve'), { binary: true })
    for (const [client, by] of [
      [ann, 'account:ann'],
      [binary, 'account:eve'],
    ] as const) {
      const frame = await client.ask('tx', [createTask('t1', { title: text(20_000) }, { by })])
      expect(frame.error?.code).toBe(TOO_LARGE)
      expect(frame.error?.params['limit']).toBe(16_384)
      expect(frame.error?.params['size']).toBeGreaterThan(20_000)
    }
    // In JSON each of these characters takes six bytes.
    const escaped = await binary.ask('tx', [
      createTask('t1', { title: '\u0001'.repeat(4000) }, { by: 'account:eve' }),
    ])
    expect(escaped.error?.code).toBe(TOO_LARGE)
    await ann.request('tx', [createTask('t2', { title: 'small' })])
    await bob.waitForPush((tx) => tx['objectId'] === 't2')
    expect([ann.closed, bob.closed, binary.closed]).toStrictEqual([undefined, undefined, undefined])
  })

  test('LIM-125: a transaction counts with all that it entails: an apply-if, and the removal of many documents', async () => {
    const { ann } = await members()
    const creations = Array.from({ length: 60 }, (_, at) => createTask(`t${at}`, { title: text(300) }))
    const together = await ann.ask('tx', [applyIf({ txes: creations }, { by: 'account:ann' })])
    expect(together.error?.code).toBe(TOO_LARGE)
    expect(await ann.request('findAll', ['board:class:Task', {}])).toHaveLength(0)
    await ann.request('tx', [createTask('parent', { title: 'p' })])
    for (let at = 0; at < 100; at++) {
      const child = {
        attachedTo: 'parent',
        attachedToClass: 'board:class:Task',
        collection: 'comments',
        attributes: { message: 'm' },
      }
      await ann.request('tx', [{ ...createTask(`c${at}`, {}), objectClass: 'board:class:Comment', ...child }])
    }
    const removal = await ann.ask('tx', [removeTask('parent')])
    expect(removal.error?.code).toBe(TOO_LARGE)
    expect(await ann.request('findAll', ['board:class:Comment', {}])).toHaveLength(100)
  })

  test('LIM-126: a document that would grow beyond the limit is refused, and stays readable', async () => {
    const { ann } = await members()
    await ann.request('tx', [createTask('t1', { title: text(9000) })])
    const grown = await ann.ask('tx', [updateTask('t1', { description: text(9000) })])
    expect(grown.error).toMatchObject({ code: TOO_LARGE, params: { limit: 16_384, _id: 't1' } })
    await ann.request('tx', [updateTask('t1', { description: text(6000) })])
    await ann.request('tx', [updateTask('t1', { title: 'short' })])
    await ann.request('tx', [updateTask('t1', { description: text(15_000) })])
    const [task] = (await ann.request('findAll', ['board:class:Task', {}])) as { description: string }[]
    expect(task?.description).toHaveLength(15_000)
  })

  test('LIM-127: transactions of many writers are committed and pushed in groups of a bounded size, each of which follows the one before', async () => {
    // All of them fit into the outbox, as a machine that is busy may commit several groups before it writes to sockets.
    const { ann, bob } = await members({ ...small, outboxBytes: '200000', storage: 'embedded' })
    const count = 12
    const ids = Array.from({ length: count }, (_, at) => `t${at}`)
    await Promise.all(ids.map((id) => ann.request('tx', [createTask(id, { title: text(12_000) })])))
    await bob.waitForPush((tx) => tx['objectId'] === ids.at(-1))
    const pushes = bob.frames.filter(({ id, seq }) => id === undefined && seq !== undefined)
    for (const [at, push] of pushes.entries()) {
      expect(JSON.stringify(push.result).length).toBeLessThan(32_768)
      if (at > 0) expect(push['after']).toBe(pushes[at - 1]?.['seq'])
    }
    expect([ann.closed, bob.closed]).toStrictEqual([undefined, undefined])
  })

  test('LIM-128: a response that is larger than the outbox is sent as the client reads it', async () => {
    const { ann } = await members({ ...small, chunkBytes: '1000000' })
    for (let at = 0; at < 10; at++) await ann.request('tx', [createTask(`t${at}`, { title: text(12_000) })])
    expect(await ann.request('findAll', ['board:class:Task', {}])).toHaveLength(10)
    expect(ann.closed).toBeUndefined()
  })

  test('LIM-129: the sizes of transaction, push, outbox and payload ascend, also by default, and others are refused by name', () => {
    const wrong = (flags: Record<string, string>) => () => resolveConfiguration({}, flags)
    // What is derived from the smallest payload, or outbox, is what its own option would allow.
    for (const least of [{ maxPayload: '2048' }, { outboxBytes: '1024' }]) {
      const { transaction, push, outbox } = messageSizes(resolveConfiguration({}, least))
      const given = {
        maxTransaction: String(transaction),
        maxPush: String(push),
        outboxBytes: String(outbox),
      }
      expect(wrong({ ...given, ...least })).not.toThrow()
    }
    expect(wrong({ outboxBytes: '1048576' })).not.toThrow()
    expect(wrong({ outboxBytes: String(64 * MIB) })).toThrow(ConfigurationError)
    expect(wrong({ outboxBytes: String(64 * MIB) })).toThrow(/ATRIUM_OUTBOX_BYTES.*ATRIUM_MAX_PAYLOAD/)
    expect(wrong({ maxPush: String(40 * MIB) })).toThrow(/ATRIUM_MAX_PUSH.*ATRIUM_OUTBOX_BYTES/)
    expect(wrong({ maxTransaction: String(16 * MIB) })).toThrow(/ATRIUM_MAX_TRANSACTION.*ATRIUM_MAX_PUSH/)
  })

  test('LIM-130: an apply-if holds a bounded number of changes and of conditions', async () => {
    const { ann } = await members({})
    const changes = Array.from({ length: 10_001 }, (_, at) => removeTask(`t${at}`))
    const many = await ann.ask('tx', [applyIf({ txes: changes })])
    expect(many.error).toMatchObject({ code: 'core:status:InvalidTransaction' })
    expect(String(many.error?.params['message'])).toMatch(/txes.*10000/)
    const match = Array.from({ length: 101 }, () => ({ _class: 'board:class:Task', query: {} }))
    const conditions = await ann.ask('tx', [applyIf({ match, txes: [] })])
    expect(String(conditions.error?.params['message'])).toMatch(/match.*100/)
    const most = await ann.ask('tx', [applyIf({ txes: changes.slice(1) })])
    expect(most.error).toBeUndefined()
  })
})
