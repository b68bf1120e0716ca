import { describe, expect, test } from '@jest/globals'
import { RawClient, RawError } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change, createTask } from '../support/transactions.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof RawError && error.code === `platform:status:${code}`

const project = (_id: string, fields: object) =>
  change(
    'core:class:TxCreateDoc',
    _id,
    'board:class:Project',
    { space: 'core:space:Space' },
    { attributes: fields },
  )

describe('methods of modules', () => {
  test('MOD-3: a method of a module is called by its full name, and responds like any other', async () => {
    const { server, url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    await ann.request('tx', [project('q', { name: 'p', private: false, members: [] })])
    for (const [id, status] of [
      ['a', 'done'],
      ['b', 'done'],
      ['c', 'todo'],
    ] as const)
      await ann.request('tx', [createTask(id, { title: id, status }, { space: 'q' })])
    expect(await ann.request('board.archiveDone', [{ project: 'q' }])).toStrictEqual({
      archived: 2,
      more: false,
    })
    expect(await ann.request('board.archiveDone', [{ project: 'q' }])).toStrictEqual({
      archived: 0,
      more: false,
    })
    const archived = await ann.request('findAll', ['board:class:Task', { archived: true }])
    const signers = (archived as { modifiedBy: string }[]).map(({ modifiedBy }) => modifiedBy)
    expect(signers).toStrictEqual(['account:ann', 'account:ann'])
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toMatch(/atrium_request_duration_seconds_count\{method="board.archiveDone"\} 2/)
  })

  test('MOD-4: calling a method that no module declares returns UnknownMethod, and params that its schema refuses return BadRequest', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    for (const method of [
      'archiveDone',
      'board',
      'board.',
      'board.nothing',
      'board.constructor',
      'board.__proto__',
      'constructor',
      'other.archiveDone',
      'board.archiveDone.run',
    ])
      await expectFor(method, ann.request(method, [{ project: 'p' }])).rejects.toThrow(
        satisfying(refusedWith('UnknownMethod')),
      )
    for (const params of [[], [null], [{}], [{ project: 5 }], [{ project: '' }], ['p']])
      await expectFor(JSON.stringify(params), ann.request('board.archiveDone', params)).rejects.toThrow(
        satisfying(refusedWith('BadRequest')),
      )
  })

  test('MOD-5: a method of a module sees and changes only what its caller may', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann'))
    const bob = await RawClient.open(url, token('bob'))
    await ann.request('tx', [project('hidden', { name: 'h', private: true, members: ['account:ann'] })])
    await ann.request('tx', [createTask('a', { title: 'a', status: 'done' }, { space: 'hidden' })])
    expect(await bob.request('board.archiveDone', [{ project: 'hidden' }])).toStrictEqual({
      archived: 0,
      more: false,
    })
    expect(await ann.request('board.archiveDone', [{ project: 'hidden' }])).toStrictEqual({
      archived: 1,
      more: false,
    })
  })
})
