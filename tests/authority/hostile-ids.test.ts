import { expect } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { systemClock } from '../../model/clock.ts'
import { createIdGenerator } from '../../model/generate-id.ts'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'
import { create, describeScenarios, remove, space } from './members.ts'

const Task = 'board:class:Task'
const inModel = { space: 'core:space:Model' }
const inSpaces = { space: 'core:space:Space' }
const reused = 'core:status:TransactionIdReused'

await describeScenarios({
  'PIPE-71: a transaction with the id of another one is refused, and the refusal reveals nothing': async ({
    ann,
    bob,
    gus,
  }) => {
    await ann.does({ ...updateTask('hidden', { rank: 'r' }, { space: 'own', _id: 'TX1' }), retrieve: true })
    for (const member of [bob, gus])
      expect(await member.tries(createTask('zz', { title: 'x' }, { space: 'pub', _id: 'TX1' }))).toBe(reused)
  },

  'PIPE-71: ids that follow a public id of the same client reveal no hidden document': async ({
    ann,
    bob,
  }) => {
    const now = systemClock.now()
    const next = createIdGenerator({ now: () => now, random: randomBytes })
    await ann.does(createTask(next(), { title: 'public' }, { space: 'pub', _id: next() }))
    await ann.does({ ...updateTask('hidden', { rank: 'r' }, { space: 'own', _id: next() }), retrieve: true })
    const seen = await bob.client.waitForPush(({ attributes }) => isPublic(attributes))
    const match = [{ _class: Task, query: { _id: 'none' } }]
    const told = []
    for (const _id of following(String(seen['_id']), 20))
      told.push(await bob.tries(applyIf({ match, txes: [] }, { _id })))
    expect(told).toContain(reused)
    expect(JSON.stringify(told)).not.toMatch(/secret/)
  },

  'PIPE-71: a transaction is not acknowledged because another account used its id before': async ({
    ann,
    bob,
  }) => {
    await bob.does(createTask('b1', { title: 'bob’s' }, { space: 'pub', _id: 'TX2' }))
    const again = updateTask('hidden', { title: 'written by ann' }, { space: 'own', _id: 'TX2' })
    expect(await ann.tries(again)).toBe(reused)
  },

  'AUTH-8: the removal of a task with the id of a space does not change the space': async ({ ann, bob }) => {
    for (const id of ['own', 'pub']) {
      await bob.tries(createTask(id, { title: 'x' }, inSpaces))
      await bob.tries(remove(id, Task, inSpaces))
    }
    expect(await ann.ids(Task)).toStrictEqual(['hidden', 'shown'])
    expect(await ann.tries(createTask('t1', { title: 'x' }, { space: 'pub' }))).toStrictEqual({})
  },

  'AUTH-6: of two spaces with one id that are created at once, one is refused': async ({
    root,
    ann,
    bob,
    gus,
  }) => {
    await root.does(spaceClass('app:class:Room'))
    const answers = await Promise.all([
      ann.tries(space('both', true, [ann.account])),
      bob.tries(room('both', 'app:class:Room')),
    ])
    expect(answers.filter((answer) => answer === 'core:status:ObjectExists').length).toStrictEqual(1)
    await ann.tries(createTask('t2', { title: 'ann’s alone' }, { space: 'both' }))
    const isAnns = answers[0] !== 'core:status:ObjectExists'
    expect(await gus.ids(Task, { space: 'both' })).toHaveLength(isAnns ? 0 : 1)
  },

  'AUTH-6: a space cannot have the id of a hidden document': async ({ ann, bob }) => {
    await ann.does(space('gone', true, [ann.account]))
    await ann.does(createTask('t1', { title: 'a removed secret' }, { space: 'gone' }))
    await ann.does(remove('t1', Task, { space: 'gone' }))
    await ann.does(remove('gone', 'core:class:Space', inSpaces))
    expect(await bob.tries(space('gone', false, []))).toBe('core:status:ObjectExists')
    expect(await bob.ids('core:class:TxCreateDoc', { objectId: 't1' })).toStrictEqual([])
    expect(await bob.tries(space('hidden', false, []))).toBe('core:status:ObjectExists')
  },
})

function isPublic(attributes: unknown): boolean {
  return (attributes as { title?: string } | undefined)?.title === 'public'
}

/** The next ids of the generator of this id. */
function following(id: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const counter = (Number.parseInt(id.slice(18), 16) + at + 1) % 0x1000000
    return `${id.slice(0, 18)}${counter.toString(16).padStart(6, '0')}`
  })
}

function spaceClass(id: string): object {
  const attributes = { kind: 0, label: id, extends: 'core:class:Space' }
  return create(id, 'core:class:Class', attributes, inModel)
}

function room(id: string, _class: string): object {
  const attributes = { name: id, description: '', private: false, members: [], archived: false }
  return create(id, _class, attributes, inSpaces)
}
