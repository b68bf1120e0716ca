import { expect, test } from '@jest/globals'
import { join } from 'node:path'
import { applyTransaction } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import { MAX_REQUEST_STEPS, MAX_ROW_STEPS } from '../../model/query/work-meter.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { assertCoded, disturbed } from '../support/bystander.ts'
import { expectFor } from '../support/expecting.ts'
import { type Frame, RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { applyIf, change, createTask, updateTask } from '../support/transactions.ts'

const task = 'board:class:Task'
const status = 'core:class:UserStatus'
const eve = { by: 'account:eve' }
/** Each character needs the whole of the expression, or another state of its automaton. */
const hard = ['(?i)(?:a[bc].{0,300}x|b.{0,300}y)', '[a-h]*[ab].{20}\\d', '^.*.*.*.*.*.*.*.*.*.*x$']
const textOf = (length: number) => Array.from({ length }, (_, at) => 'abcdefgh'[(at * at * 31) % 8]).join('')
const times = <T>(count: number, each: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => each(at))

/** Answered, or refused by one of the codes of a limit. */
function assertAnswered(frames: readonly Frame[]): void {
  for (const frame of frames)
    if (frame.error !== undefined)
      assertCoded(
        frame,
        'core:status:InvalidQuery',
        'core:status:InvalidTransaction',
        'platform:status:BadRequest',
      )
}

for (const storage of ['memory', 'embedded'] as const) {
  test(`LIM-21: another workspace is served while one sends what is expensive, over ${storage} storage`, async () => {
    const { url, token, client, assertUnnoticed } = await disturbed({ storage })
    const victim = await RawClient.open(url, token('vic', 'w2'))
    for (let at = 0; at < 12; at++) {
      const attributes = { online: true, user: 'account:eve', note: textOf(15_000) }
      const options = { ...eve, space: 'core:space:Space' }
      await client.request('tx', [
        change('core:class:TxCreateDoc', `s${at}`, status, options, { attributes }),
      ])
    }
    await client.request('tx', [createTask('long', { title: textOf(200_000), labels: ['a'] }, eve)])
    const numbers = times(19_000, (at) => at)
    const ids = numbers.map((at) => `id${at}`)
    const words = ids.join(' ').repeat(3)
    const cases = times(9000, (index) => ({ query: `${index}`, index }))
    const sorted = { sort: { name: { order: 1, cases } } }
    const noIds = { labels: { $nin: [...ids, 5, null, '\0'] } }
    const answers = [
      ...hard.map(($regex) => client.ask('findAll', [status, { note: { $regex } }])),
      ...hard.map(($regex) => client.ask('findAll', [task, { title: { $regex } }])),
      ...times(4, () => client.ask('findAll', ['core:class:Class', {}, sorted])),
      client.ask('findAll', [task, { $search: words }]),
      client.ask('searchFulltext', [{ query: words }, {}]),
      ...times(32, (at) =>
        client.ask('findAll', [[task, 'core:class:Class'][at % 2], { _id: { $in: ids } }]),
      ),
      ...times(4, () => client.ask('findAll', [task, noIds])),
    ]
    for (let each = 0; each < 5; each++) {
      await victim.request('tx', [createTask(`v${each}`, { title: 'v' }, { by: 'account:vic' })])
      expect(await victim.request('findAll', [task, { _id: `v${each}` }])).toHaveLength(1)
    }
    const frames = await Promise.all(answers)
    assertAnswered(frames)
    expect(frames.slice(-4).map(({ result }) => (result as Doc[]).map(({ _id }) => _id))).toStrictEqual(
      times(4, () => expect.arrayContaining(['long'])),
    )
    expect(victim.closed).toBeUndefined()
    await assertUnnoticed()
  })
}

test('LIM-21: an update or a condition that takes too many steps is refused with the limit', async () => {
  const { client, assertUnnoticed } = await disturbed()
  const labels = times(200_000, (at) => `${at}`)
  await client.request('tx', [createTask('long', { labels, title: textOf(100_000) }, eve)])
  const push = { $push: { labels: { $each: ['x'], $position: 0 } } }
  const txes = times(500, () => updateTask('long', push, eve))
  const refused = { code: 'core:status:InvalidTransaction', params: { limit: MAX_REQUEST_STEPS } }
  expect((await client.ask('tx', [applyIf({ match: [], txes }, eve)])).error).toMatchObject(refused)
  const pull = { $pull: { labels: { $regex: hard[0] }, title: 'x' } }
  expect((await client.ask('tx', [updateTask('long', pull, eve)])).error).toMatchObject({
    code: refused.code,
  })
  for (let each = 0; each < 3; each++) await client.request('tx', [updateTask('long', push, eve)])
  const [doc] = (await client.request('findAll', [task, { _id: 'long' }])) as { labels: unknown[] }[]
  expect(doc?.labels).toHaveLength(200_003)
  await assertUnnoticed()
})

test('LIM-16: a stored document over which a pattern takes too many steps is refused with the limit', async () => {
  const { client, assertUnnoticed } = await disturbed({ storage: 'embedded' })
  await client.request('tx', [createTask('long', { title: textOf(1_000_000) }, eve)])
  const slow = await client.ask('findAll', [task, { title: { $regex: hard[0] } }])
  expect(slow.error).toMatchObject({ code: 'core:status:InvalidQuery', params: { limit: MAX_ROW_STEPS } })
  for (const query of [
    { title: { $regex: '[a-h]+$' } },
    { title: { $regex: 'ab' } },
    { title: { $like: '%AB%' } },
  ])
    expectFor(JSON.stringify(query), (await client.ask('findAll', [task, query])).error).toBeUndefined()
  await assertUnnoticed()
})

test('LIM-19: a workspace whose log has updates of an earlier version opens, is verified and caught up with', async () => {
  const first = await testServer({ storage: 'embedded' })
  const ann = await RawClient.open(first.url, first.token('ann'))
  const items = times(10_000, (at) => `item ${at}`)
  await ann.request('tx', [createTask('old', { title: 'old', labels: ['ab', 'aa', 'x', ...items] })])
  await first.server.stop()
  const conditions = { $nin: ['y'], $all: times(2000, (at) => at) }
  const updates = [
    updateTask('old', { $pull: { labels: { $regex: 'a(?=b)' } } }, { _id: 'old1' }),
    updateTask('old', { $pull: { labels: { $regex: '(a)\\1' } } }, { _id: 'old2' }),
    updateTask('old', { $pull: { labels: conditions } }, { _id: 'old3' }),
  ] as unknown as TxCUD[]
  const storage = createSqliteStorage({ directory: join(first.data, 'workspaces') })
  const workspace = await storage.openWorkspace('w1', { domains: [] })
  let [doc] = await workspace.get('task', ['old'])
  const { lastSeq } = workspace
  const entries = updates.map((tx, at) => ({ seq: lastSeq + 1 + at, tx, request: tx._id }))
  for (const tx of updates) doc = applyTransaction(doc, tx)
  await workspace.commit({ entries, puts: doc === undefined ? [] : [{ domain: 'task', doc }], removes: [] })
  await storage.close()
  const second = await testServer({ storage: 'embedded', data: first.data })
  const tool = await RawClient.open(second.url, second.token('tool', 'w1', { mode: 'backup' }))
  expect(await tool.request('verify')).toMatchObject({ flaws: [], differences: [] })
  const bob = await RawClient.open(second.url, second.token('bob'))
  const [found] = (await bob.request('findAll', [task, { _id: 'old' }])) as { labels: string[] }[]
  expect(found?.labels).toStrictEqual(['x', ...items])
  await bob.request('tx', [updateTask('old', { title: 'new' }, { by: 'account:bob' })])
  const again = await bob.ask('tx', [
    updateTask('old', { $pull: { labels: { $regex: 'a(?=b)' } } }, { by: 'account:bob' }),
  ])
  assertCoded(again, 'core:status:InvalidTransaction')
})
