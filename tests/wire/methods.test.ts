import { describe, expect, test } from '@jest/globals'
import { RawClient, RawError } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'
import { largest } from '../../model/largest.ts'
import { satisfying } from '../support/expecting.ts'

interface Tx {
  _id: string
  objectId: string
  modifiedOn: number
}
interface ModelResponse {
  transactions: Tx[]
  hash: string
  full: boolean
}

const refusedWith = (code: string) => (error: unknown) => error instanceof RawError && error.code === code

describe('methods', () => {
  test('WIRE-50: ping returns pong!', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    for (const id of [1, 0, -7, 'a string', '']) {
      client.send({ id, method: 'ping', params: [] })
      expect(await client.wait((frame) => frame.id === id)).toStrictEqual({ id, result: 'pong!' })
    }
  })

  test('WIRE-51: loadModel without a hash returns the model transactions newer than the time', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    const all = (await client.request('loadModel', [0])) as Tx[]
    expect(all.some(({ objectId }) => objectId === 'board:class:Task')).toBe(true)
    expect(all.some(({ objectId }) => objectId === 'account:ann')).toBe(true)
    const latest = largest(all.map(({ modifiedOn }) => modifiedOn))
    expect(await client.request('loadModel', [latest])).toStrictEqual([])
    const newest = (await client.request('loadModel', [latest - 1])) as Tx[]
    expect(newest.length > 0 && newest.every(({ modifiedOn }) => modifiedOn === latest)).toBe(true)
  })

  test('WIRE-52: loadModel with a hash returns the transactions after it, and all of them for an unknown hash', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    const owner = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
    const first = (await client.request('loadModel', [0, ''])) as ModelResponse
    expect(first.full).toBe(true)
    const none = (await client.request('loadModel', [0, first.hash])) as ModelResponse
    expect(none).toStrictEqual({ transactions: [], hash: first.hash, full: false })
    const status = change(
      'core:class:TxCreateDoc',
      'shop:configuration:x',
      'core:class:Configuration',
      { space: 'core:space:Model', by: 'account:root' },
      { attributes: { enabled: true } },
    )
    await owner.request('tx', [status])
    const part = (await client.request('loadModel', [0, first.hash])) as ModelResponse
    expect([part.full, part.transactions.map(({ _id }) => _id)]).toStrictEqual([false, [status._id]])
    const unknown = (await client.request('loadModel', [0, 'f'.repeat(64)])) as ModelResponse
    expect(unknown.full).toBe(true)
    expect(unknown.transactions).toHaveLength(first.transactions.length + 1)
    expect(unknown.hash).toBe(part.hash)
    expect(part.hash).not.toBe(first.hash)
  })

  test('WIRE-53: getAccount returns the account of the token’s email, which is created for an administrator without one', async () => {
    const { url, token } = await testServer()
    const user = await RawClient.open(url, token('ann'))
    const { modifiedOn, createdOn, ...account } = (await user.request('getAccount')) as Record<
      string,
      unknown
    >
    expect(account).toStrictEqual({
      _id: 'account:ann',
      _class: 'core:class:Account',
      space: 'core:space:Model',
      modifiedBy: 'core:account:System',
      createdBy: 'core:account:System',
      email: 'ann',
      role: 'USER',
    })
    expect(modifiedOn).toBe(createdOn)
    const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
    expect(((await admin.request('getAccount')) as { role: string }).role).toBe('OWNER')
  })

  test('WIRE-54: searchFulltext finds documents by word, class and space, within the limit', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    for (const [id, title, space] of [
      ['t1', 'Fix the sign-in page', 'board:project:a'],
      ['t2', 'Fix the search box', 'board:project:b'],
      ['t3', 'Polish the search box', 'board:project:b'],
    ] as const) {
      await client.request('tx', [createTask(id, { title }, { space })])
    }
    const search = async (...params: unknown[]) => {
      const { docs } = (await client.request('searchFulltext', params)) as {
        docs: { id: string; title: string; doc: { _id: string; _class: string } }[]
      }
      return docs
    }
    const [hit, ...others] = await search({ query: 'polish' }, {})
    expect(others).toStrictEqual([])
    expect(hit?.title).toBe('Polish the search box')
    expect([hit?.id, hit?.doc]).toStrictEqual(['t3', { _id: 't3', _class: 'board:class:Task' }])
    const ids = async (...params: unknown[]) => (await search(...params)).map(({ id }) => id).sort()
    expect(await ids({ query: 'fix' })).toStrictEqual(['t1', 't2'])
    expect(await ids({ query: 'fix', spaces: ['board:project:b'] })).toStrictEqual(['t2'])
    expect(await ids({ query: 'fix', classes: ['board:class:Comment'] })).toStrictEqual([])
    expect(await ids({ query: 'fix', classes: ['core:class:Doc'] })).toStrictEqual(['t1', 't2'])
    expect(await search({ query: 'search' }, { limit: 1 })).toHaveLength(1)
    expect(await ids({ query: '"search box" pol' })).toStrictEqual(['t3'])
    expect(await ids({ query: 'pol search' }, { prefix: 'last' })).toStrictEqual([])
    expect(await ids({ query: 'polish sear' }, { prefix: 'last' })).toStrictEqual(['t3'])
  })

  test('DOC-65: `$prefix` is an option beside `$search` in a query, and accepts all, last or none', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    await client.request('tx', [createTask('t1', { title: 'Räder für das Büro' })])
    const found = async (query: object) =>
      ((await client.request('findAll', ['board:class:Task', query, {}])) as { _id: string }[]).map(
        ({ _id }) => _id,
      )
    expect(await found({ $search: 'rad buro', $prefix: 'last' })).toStrictEqual([])
    expect(await found({ $search: 'rad buro' })).toStrictEqual(['t1'])
    expect(await found({ $search: 'buro räder', $prefix: 'none' })).toStrictEqual(['t1'])
    for (const query of [
      { $prefix: 'all' },
      { $search: 'x', $prefix: 'some' },
      { $search: 'x'.repeat(1001) },
    ])
      await expect(found(query)).rejects.toThrow(
        satisfying(({ code }: { code: string }) => code === 'core:status:InvalidQuery'),
      )
  })

  test('WIRE-55: measure starts a measurement, and measure-done returns the milliseconds that the server spent', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    expect(await client.request('measure', ['load'])).toBe('started')
    await client.request('findAll', ['board:class:Task', {}])
    const spent = await client.request('measure-done', ['load'])
    expect(typeof spent === 'number' && spent > 0 && spent < 10_000).toBe(true)
    await expect(client.request('measure-done', ['load'])).rejects.toThrow(
      satisfying(refusedWith('platform:status:BadRequest')),
    )
  })

  test('WIRE-56: only administrators and upgrade tools close a workspace by force', async () => {
    const { url, token } = await testServer()
    const user = await RawClient.open(url, token('ann'))
    await expect(user.request('forceClose')).rejects.toThrow(
      satisfying(refusedWith('platform:status:Forbidden')),
    )
    const admin = await RawClient.open(url, token('root', 'w1', { admin: 'true' }))
    const closed = admin.request('forceClose')
    const { result } = await user.wait(
      (frame) => frame.id === undefined && !('objectId' in Object(frame.result)),
    )
    expect(result).toStrictEqual({ _class: 'core:class:TxModelUpgrade' })
    user.send({ method: '#upgrading', params: [], id: -1 })
    expect((await user.waitForClose()).code).toBe(4000)
    expect(await closed).toBe(true)
    expect((await admin.waitForClose()).code).toBe(4000)
    const again = await RawClient.open(url, token('ann'))
    expect(await again.request('ping')).toBe('pong!')
  })

  test('WIRE-57: an unknown method returns UnknownMethod with its name', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    const { error } = await client.ask('findSome')
    expect(error).toStrictEqual({
      severity: 'ERROR',
      code: 'platform:status:UnknownMethod',
      params: { method: 'findSome' },
    })
  })
})
