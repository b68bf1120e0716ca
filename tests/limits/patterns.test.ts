import { expect, test } from '@jest/globals'
import { assertCoded, disturbed } from '../support/bystander.ts'
import { expectFor } from '../support/expecting.ts'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'

const eve = { by: 'account:eve' }
const task = 'board:class:Task'
/** Each takes exponential or polynomial time in an engine that backtracks. */
const slow = ['^.*.*.*.*.*.*.*.*.*.*x$', '(a+)+$', '(?:a?){30}a{30}b', '(long|[a-z]+)*#$']
const long = `${'a'.repeat(30_000)}!`

for (const storage of ['memory', 'embedded'] as const) {
  test(`LIM-1: no pattern of a client holds up the others, over ${storage} storage`, async () => {
    const { client, assertUnnoticed } = await disturbed({ storage })
    await client.request('tx', [createTask('long', { title: long, labels: [long] }, eve)])
    for (const $regex of slow) {
      for (const query of [{ title: { $regex } }, { labels: { $regex } }])
        expectFor($regex, await client.request('findAll', [task, query])).toHaveLength(0)
      const ofModel = await client.request('findAll', ['core:class:Class', { _id: { $regex } }])
      expectFor($regex, ofModel).toBeDefined()
      await client.request('tx', [updateTask('long', { $pull: { labels: { $regex } } }, eve)])
      const match = [{ _class: task, query: { title: { $regex } } }]
      const result = await client.request('tx', [applyIf({ match, txes: [createTask('no', {}, eve)] }, eve)])
      expectFor($regex, result).toMatchObject({ success: false })
    }
    const [kept] = (await client.request('findAll', [task, { _id: 'long' }])) as unknown[]
    expect(kept).toMatchObject({ labels: [long] })
    await assertUnnoticed()
  })
}

test('LIM-2: a pattern of syntax that the engine lacks is answered with the name of the syntax', async () => {
  const { client, assertUnnoticed } = await disturbed()
  for (const $regex of ['(?=a)', '(?<!a)b', '(a)\\1', 'a++', '(?>a)']) {
    const frame = await client.ask('findAll', [task, { title: { $regex } }])
    assertCoded(frame, 'core:status:InvalidQuery')
    expectFor($regex, frame.error?.params['message']).toMatch(/^\$regex does not support /)
    assertCoded(
      await client.ask('tx', [updateTask('none', { $pull: { labels: { $regex } } }, eve)]),
      'core:status:InvalidTransaction',
      'core:status:ObjectNotFound',
    )
  }
  await assertUnnoticed()
})
