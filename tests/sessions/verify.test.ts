import { describe, expect, test } from '@jest/globals'
import type { Verification } from '../../pipeline/verify/verify-log.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { comment, createTask, removeTask, updateTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const toolOf = async ({ url, token }: TestServer, workspace = 'w1') =>
  await RawClient.open(url, token('system', workspace, { mode: 'backup' }))

describe('verify over a connection', () => {
  test('SRV-52: verify is for backup sessions, and reports no difference in a correct workspace', async () => {
    const host = await testServer({ storage: 'embedded' })
    const ann = await RawClient.open(host.url, host.token('ann'))
    for (const id of ['t1', 't2', 't3', 't4'])
      await ann.request('tx', [createTask(id, { title: 'x', votes: 0 })])
    await ann.request('tx', [comment('t1', 'c1')])
    await ann.request('tx', [updateTask('t1', { $inc: { votes: 2 } })])
    await ann.request('tx', [removeTask('t4')])
    await expect(ann.request('verify')).rejects.toThrow(/Forbidden/)
    const sound = (await (await toolOf(host)).request('verify')) as Verification
    // Two are declared by the modules.
    expect([sound.flaws, sound.differences, sound.documents, sound.begins]).toStrictEqual([[], [], 6, 0])
  })

  test.each(['embedded', 'memory'])(
    'SRV-72: verify compares as of one position in the log, whoever writes meanwhile (%s)',
    async (storage) => {
      const host = await testServer({ storage })
      const ann = await RawClient.open(host.url, host.token('ann'))
      const tool = await toolOf(host)
      const done = new AbortController()
      let written = 0
      const write = async (writer: number): Promise<void> => {
        while (!done.signal.aborted) {
          const id = `t-${written++}-${writer}`
          await ann.request('tx', [createTask(id, { title: 'x', votes: 0 })])
          await ann.request('tx', [comment(id, `c-${id}`)])
          await ann.request('tx', [updateTask(id, { $inc: { votes: 1 } })])
          if (written % 3 === 0) await ann.request('tx', [removeTask(id)])
        }
      }
      const writers = [1, 2, 3, 4].map(write)
      let most = 0
      for (let round = 0; round < 15; round++) {
        const before = written
        const { entries, flaws, differences } = (await tool.request('verify')) as Verification
        expect([flaws, differences]).toStrictEqual([[], []])
        expect(entries).toBeGreaterThanOrEqual(most)
        most = entries
        await waitUntil(() => written > before, 'a write')
      }
      done.abort()
      await Promise.all(writers)
      expect(most).toBeGreaterThan(0)
    },
  )

  const domains = ['space', 'task', 'comment', 'account', 'module']

  for (const storage of ['embedded', 'memory'])
    for (const restored of [domains, ['tx', ...domains]])
      test(`SRV-73: after a restore by protocol methods verify reports where the history begins (${storage}, ${restored[0]} first)`, async () => {
        const host = await testServer({ storage })
        const ann = await RawClient.open(host.url, host.token('ann', 'origin'))
        for (const id of ['t1', 't2', 't3'])
          await ann.request('tx', [createTask(id, { title: 'x', votes: 0 })])
        // The counter of comments is a derived transaction, which tools are not shown.
        for (const id of ['c1', 'c2']) await ann.request('tx', [comment('t1', id)])
        const [from, to] = [await toolOf(host, 'origin'), await toolOf(host, 'copy')]
        for (const domain of restored) {
          const { docs } = (await from.request('loadChunk', [domain])) as { docs: { id: string }[] }
          const read = await from.request('loadDocs', [domain, docs.map(({ id }) => id)])
          await to.request('upload', [domain, read])
        }
        const { begins } = (await to.request('verify')) as Verification
        expect(begins).toBeGreaterThan(0)
        await to.close()
        // A restored log takes effect at the next opening.
        const late = await RawClient.open(host.url, host.token('ann', 'copy'))
        await late.request('tx', [createTask('t9', { title: 'new', votes: 0 })])
        await late.request('tx', [comment('t1', 'c9')])
        await late.request('tx', [updateTask('t2', { $inc: { votes: 1 } })])
        const after = (await (await toolOf(host, 'copy')).request('verify')) as Verification
        expect([after.flaws, after.differences]).toStrictEqual([[], []])
        expect(after.begins).toBeGreaterThan(0)
        expect(after.documents).toBeGreaterThanOrEqual(2)
        expect(after.restored).toBeGreaterThanOrEqual(3)
      })
})
