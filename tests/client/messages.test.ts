import { describe, expect, test } from '@jest/globals'
import type { Class, Ref } from '../../model/documents.ts'
import type { Tx } from '../../model/transactions.ts'
import { createClient } from '../../client/client.ts'
import { dialNode } from '../../client/node.ts'
import type { LargeMessage } from '../../client/connection/requests.ts'
import { testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const task = 'board:class:Task' as Ref<Class>

describe('large messages', () => {
  test('SDK-33: large messages are reported with their duration, and uploads and long responses with their progress', async () => {
    const { url, token } = await testServer({ chunkCount: '50' })
    const client = createClient({ url, getToken: () => token('ann'), dial: dialNode, compression: false })
    onTestEnd(() => client.terminate())
    const large: LargeMessage[] = []
    client.onLargeMessage((message) => large.push(message))
    const uploads: [number, number][] = []
    const tx = createTask('t0', { title: 'x', description: 'word '.repeat(500_000) }) as Tx
    await client.tx(tx, { onUploadProgress: (sent, total) => uploads.push([sent, total]) })
    const [last] = uploads.slice(-1)
    expect(last !== undefined && last[0] <= last[1] && last[1] > 2_500_000).toBe(true)
    for (let at = 1; at < 200; at++) await client.tx(createTask(`t${at}`, { title: 'x' }) as Tx)
    const progress: number[] = []
    const found = await client.findAll(task, {}, {}, { onProgress: (documents) => progress.push(documents) })
    expect(found.length).toBe(200)
    expect(progress.length >= 2 && progress.every((count, at) => count > (progress[at - 1] ?? 0))).toBe(true)
    expect(large.map(({ method }) => method)).toStrictEqual(['tx', 'findAll'])
    expect(large[0]?.sentBytes ?? 0).toBeGreaterThan(2_500_000)
    expect(large[1]?.receivedBytes ?? 0).toBeGreaterThan(2_500_000)
    expect(large.every(({ milliseconds }) => milliseconds >= 0)).toBe(true)
  })

  test('SDK-34: the server’s time for the client’s operations can be measured', async () => {
    const { url, token } = await testServer()
    const client = createClient({ url, getToken: () => token('ann'), dial: dialNode })
    onTestEnd(() => client.terminate())
    const done = await client.measure('work')
    await client.findAll(task)
    const spent = await done()
    expect(spent).toBeGreaterThan(0)
    await expect(done()).rejects.toThrow()
  })
})
