import { describe, expect, test } from '@jest/globals'
import { assertCoded, disturbed } from '../support/bystander.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { createTask, removeTask } from '../support/transactions.ts'
import { pushAll } from '../../model/push-all.ts'

interface Chunk {
  idx: number
  docs: { id: string; hash: string; size: number }[]
  finished: boolean
  seq: number
}

describe('backup sessions', () => {
  test('WIRE-58: a backup session lists a domain, reads its documents, and restores and removes some', async () => {
    const { url, token } = await testServer({ storage: 'embedded' })
    const user = await RawClient.open(url, token('ann'))
    for (const id of ['t1', 't2']) await user.request('tx', [createTask(id, { title: id })])
    const backup = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    const { idx, docs, finished } = (await backup.request('loadChunk', ['task'])) as Chunk
    expect([docs.map(({ id }) => id).sort(), finished]).toStrictEqual([['t1', 't2'], true])
    expect(await backup.request('closeChunk', [idx])).toStrictEqual({})
    const [saved] = (await backup.request('loadDocs', ['task', ['t1', 'nope']])) as {
      _id: string
      title: string
    }[]
    expect(saved?.title).toBe('t1')
    await backup.request('clean', ['task', ['t1']])
    expect(await backup.request('loadDocs', ['task', ['t1']])).toStrictEqual([])
    await backup.request('upload', ['task', [saved]])
    const again = (await backup.request('loadChunk', ['task'])) as Chunk
    expect(again.docs).toStrictEqual(docs)
  })

  test('STO-77: a backup tool lists and reads a domain as of one position in the log, also after it reconnects', async () => {
    const { url, token } = await testServer({ storage: 'embedded' })
    const user = await RawClient.open(url, token('ann'))
    const text = 'x'.repeat(2500 * 1024)
    for (const id of ['t1', 't2', 't3'])
      await user.request('tx', [createTask(id, { title: id, description: text })])
    const tool = async () => await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    const first = await tool()
    const before = (await first.request('getDomainHash', ['task'])) as string
    const start = (await first.request('loadChunk', ['task'])) as Chunk
    expect([start.docs.map(({ id }) => id), start.finished]).toStrictEqual([['t1'], false])
    await user.request('tx', [removeTask('t2')])
    await user.request('tx', [createTask('t4', { title: 't4' })])
    await first.close()
    const second = await tool()
    const hashes = start.docs.map(({ hash }) => hash)
    for (let finished = false; !finished;) {
      const chunk = (await second.request('loadChunk', ['task', start.idx])) as Chunk
      expect([chunk.idx, chunk.seq]).toStrictEqual([start.idx, start.seq])
      pushAll(
        hashes,
        chunk.docs.map(({ hash }) => hash),
      )
      ;({ finished } = chunk)
    }
    const sum = hashes.reduce((total, hash) => total + BigInt(`0x${hash}`), 0n)
    expect((sum % 2n ** 256n).toString(16).padStart(64, '0')).toBe(before)
    const read = async (...more: unknown[]) =>
      ((await second.request('loadDocs', ['task', ['t2', 't4'], ...more])) as { _id: string }[]).map(
        ({ _id }) => _id,
      )
    expect(await read(start.idx)).toStrictEqual(['t2'])
    expect(await read()).toStrictEqual(['t4'])
    assertCoded(await second.ask('loadChunk', ['space', start.idx]), 'platform:status:BadRequest')
    await second.request('closeChunk', [start.idx])
    assertCoded(await second.ask('loadDocs', ['task', ['t2'], start.idx]), 'platform:status:BadRequest')
    expect(await second.request('getDomainHash', ['task'])).not.toBe(before)
  })

  test('STO-78: the number of concurrent backup scans is limited, and finished scans make room', async () => {
    const { url, token } = await testServer({ storage: 'embedded' })
    const user = await RawClient.open(url, token('ann'))
    const text = 'x'.repeat(2500 * 1024)
    for (const id of ['t1', 't2'])
      await user.request('tx', [createTask(id, { title: id, description: text })])
    const backup = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    for (let at = 0; at < 20; at++) await backup.request('loadChunk', ['space'])
    const open: number[] = []
    for (let at = 0; at < 16; at++) open.push(((await backup.request('loadChunk', ['task'])) as Chunk).idx)
    const refused = await backup.ask('loadChunk', ['task'])
    assertCoded(refused, 'platform:status:LimitReached')
    await backup.request('closeChunk', [open[0]])
    expect(((await backup.request('loadChunk', ['task'])) as Chunk).finished).toBe(false)
  })

  test('WIRE-59: the methods of backup sessions are forbidden to other sessions, and refuse wrong params', async () => {
    const { client, url, token, assertUnnoticed } = await disturbed({ storage: 'embedded' })
    const methods = ['loadChunk', 'closeChunk', 'loadDocs', 'upload', 'clean', 'getDomainHash']
    for (const method of methods)
      assertCoded(await client.ask(method, ['task', []]), 'platform:status:Forbidden')
    const backup = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    const wrong: [string, unknown[]][] = methods
      .slice(0, -1)
      .flatMap((method) =>
        [[], [{}], [null, null], ['', 'x'], ['task', 'x']].map((params): [string, unknown[]] => [
          method,
          params,
        ]),
      )
    for (const [method, params] of [
      ...wrong,
      ['loadChunk', ['task', 99]],
      ['getDomainHash', []],
      ['getDomainHash', ['']],
      ['upload', ['task', [{}]]],
    ] as typeof wrong)
      assertCoded(await backup.ask(method, params), 'platform:status:BadRequest')
    await assertUnnoticed()
  })
})
