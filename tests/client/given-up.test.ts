import { describe, expect, test } from '@jest/globals'
import type { Class, Ref, Space } from '../../model/documents.ts'
import { ClientError } from '../../client/runtime/errors.ts'
import { board } from '../../examples/board/model.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const task = 'board:class:Task' as Ref<Class>
const space = 'p' as Ref<Space>

async function world(keeps = true): Promise<{ made: ClientWorld; ann: Member }> {
  const made = new ClientWorld(5)
  const ann = made.join('ann', keeps)
  onTestEnd(async () => await made.end())
  await made.calm()
  return { made, ann }
}

/** The code of the error, and that of its cause. */
async function codesOf(promise: Promise<unknown>): Promise<unknown[]> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ClientError)) return [error]
  const { cause } = error
  return cause === undefined
    ? [error.code]
    : [error.code, cause instanceof ClientError ? cause.code : (cause as Error).message]
}

const titles = async (made: ClientWorld, { client }: Member) =>
  (await made.settled(client.findAll(board.class.Task, {}, { sort: { title: 1 } }))).map(({ title }) => title)

describe('changes that were cancelled', () => {
  test('SDK-37: a change that was given up before it was sent is never sent, also by the next client over the store', async () => {
    const { made, ann } = await world()
    const id = await made.settled(ann.client.createDoc(board.class.Task, space, { title: 'old' }))
    ann.client.stop()
    const place = { _id: id, _class: task, space }
    const controller = new AbortController()
    const timed = codesOf(ann.client.updateDoc(place, { title: 'late' }, { timeout: 500 }))
    const aborted = codesOf(ann.client.updateDoc(place, { title: 'aborted' }, { signal: controller.signal }))
    await made.pass(400)
    controller.abort(new Error('enough'))
    await made.pass(200)
    expect(await timed).toStrictEqual(['timeout'])
    expect(String(await aborted)).toMatch(/enough/)
    expect(await ann.store.entries('change/')).toStrictEqual([])
    // Another device continues.
    const bob = made.join('bob')
    await made.settled(bob.client.updateDoc(place, { title: 'newer' }))
    ann.restart()
    await made.calm()
    expect(await titles(made, bob)).toStrictEqual(['newer'])
  })

  test('SDK-37: a change that was given up after it was sent is uncertain, not failed, and not sent again', async () => {
    const { made, ann } = await world()
    let isOut = false
    ann.line.isDark = () => isOut
    for (const [title, arrives] of [
      ['arrived', true],
      ['lost', false],
    ] as const) {
      ann.line.delay = () => 20
      const controller = new AbortController()
      const { signal } = controller
      const options = title === 'arrived' ? { timeout: 1000 } : { signal }
      if (!arrives) isOut = true
      const given = codesOf(ann.client.createDoc(board.class.Task, space, { title }, undefined, options))
      for (let step = 0; step < 30; step++) await made.pass(1)
      isOut = true
      controller.abort(new Error('enough'))
      await made.pass(2000)
      expect(await given).toStrictEqual(['uncertain', title === 'arrived' ? 'timeout' : 'enough'])
      isOut = false
      expect(await ann.store.entries('change/')).toStrictEqual([])
      await made.pass(70_000)
      await made.calm()
    }
    ann.restart()
    await made.calm()
    expect(await titles(made, ann)).toStrictEqual(['arrived'])
  })

  test('SDK-37: a permanent refusal gives up unsent changes, and makes sent ones uncertain', async () => {
    const { made, ann } = await world()
    ann.line.delay = () => 200
    const sent = codesOf(ann.client.createDoc(board.class.Task, space, { title: 'sent' }))
    await made.pass(10)
    ann.client.pause()
    const unsent = codesOf(ann.client.createDoc(board.class.Task, space, { title: 'unsent' }))
    const read = codesOf(ann.client.findAll(task))
    // The same session id, and the earlier connection is no longer wanted.
    const [session] = made.core.core.sessions.all.values()
    session?.close({ code: 4203, reason: 'closed by an administrator' })
    await made.pass(1000)
    expect([
      await sent,
      await unsent,
      await read,
      await codesOf(ann.client.ready()),
      await codesOf(ann.client.findAll(task)),
    ]).toStrictEqual([['uncertain', 'refused'], ['refused'], ['refused'], [undefined], ['refused']])
    expect(await ann.store.entries('change/')).toStrictEqual([])
    ann.line.delay = () => 1
    ann.client.restart()
    ann.client.resume()
    await made.calm()
    expect(await titles(made, ann)).not.toContain('unsent')
  })

  test('SDK-37: the end of a client leaves unanswered changes in the store, and makes them uncertain without a store', async () => {
    for (const keeps of [true, false]) {
      const { made, ann } = await world(keeps)
      ann.line.delay = () => 200
      const sent = codesOf(ann.client.createDoc(board.class.Task, space, { title: 'sent' }))
      await made.pass(10)
      ann.client.pause()
      const unsent = codesOf(ann.client.createDoc(board.class.Task, space, { title: 'unsent' }))
      await made.pass(10)
      ann.client.terminate()
      expect([await sent, await unsent]).toStrictEqual([
        keeps ? ['terminated'] : ['uncertain', 'terminated'],
        ['terminated'],
      ])
      expect(await ann.store.entries('change/')).toHaveLength(keeps ? 2 : 0)
      ann.line.delay = () => 1
      ann.restart()
      await made.calm()
      expect(await titles(made, ann)).toStrictEqual(keeps ? ['sent', 'unsent'] : ['sent'])
    }
  })

  test('SDK-37: changes beyond the limit of waiting ones are refused at once, and leave nothing in the store', async () => {
    const made = new ClientWorld(5)
    const ann = made.join('ann', true, { maxOutstanding: 2 })
    onTestEnd(async () => await made.end())
    await made.calm()
    ann.client.stop()
    const all = ['a', 'b', 'c', 'd'].map((title) =>
      codesOf(ann.client.createDoc(board.class.Task, space, { title })),
    )
    expect(await Promise.all(all.slice(2))).toStrictEqual([['overloaded'], ['overloaded']])
    expect(await ann.store.entries('change/')).toHaveLength(2)
    ann.client.restart()
    await made.calm()
    expect(await titles(made, ann)).toStrictEqual(['a', 'b'])
  })
})
