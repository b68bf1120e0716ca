import { describe, expect, test } from '@jest/globals'
import boardModule from '../../examples/board/index.ts'
import { board, type Task } from '../../examples/board/model.ts'
import { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { ann, bob, caller, testPipeline } from '../support/test-pipeline.ts'
import { change, createTask, updateTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import type { FindResult } from '../../model/query/query.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'

const modules = new InstalledModules([boardModule])
const { Notification, Task: TaskClass } = board.class

describe('the board example', () => {
  test('MOD-6: on the board, a finished task has the time at which it was finished, in the same commit, until it is reopened', async () => {
    let now = 1000
    const { pipeline, find } = await testPipeline({ modules, now: () => now })
    const doneOn = async () => ((await find(TaskClass, { title: 't' }))[0] as Task).doneOn
    await pipeline.tx(ann, createTask('t', { title: 't' }))
    expect(await doneOn()).toBeUndefined()
    now = 2000
    await pipeline.tx(ann, updateTask('t', { status: 'done' }))
    expect(await doneOn()).toBe(2000)
    now = 3000
    await pipeline.tx(ann, updateTask('t', { rank: '1' }))
    expect(await doneOn()).toBe(2000)
    await pipeline.tx(ann, updateTask('t', { status: 'todo' }))
    expect(await doneOn()).toBeUndefined()
    await pipeline.tx(ann, createTask('u', { title: 'u', status: 'done' }))
    expect(((await find(TaskClass, { title: 'u' }))[0] as Task).doneOn).toBe(3000)
    await pipeline.close()
  })

  test('MOD-7: on the board, an assignee is notified of a task that somebody else assigned, and nobody else is', async () => {
    const { pipeline } = await testPipeline({ modules })
    const cleo = caller('cleo')
    const told = async (who: Caller) =>
      (await pipeline.find(who, { _class: Notification, query: {}, options: {} })) as FindResult
    const space = change(
      'core:class:TxCreateDoc',
      'private',
      board.class.Project,
      { space: 'core:space:Space' },
      { attributes: { name: 'p', private: true, members: ['account:ann'] } },
    )
    await pipeline.tx(ann, space)
    await pipeline.tx(ann, createTask('own', { title: 'own', assignee: 'account:ann' }))
    await pipeline.tx(
      ann,
      createTask('secret', { title: 's', assignee: 'account:bob' }, { space: 'private' }),
    )
    await pipeline.tx(ann, createTask('given', { title: 'given', assignee: 'account:bob' }))
    await pipeline.tx(ann, updateTask('own', { assignee: 'account:cleo' }))
    await waitUntil(async () => (await told(cleo)).length > 0, 'the last notification')
    const tasks = async (who: Caller) =>
      (await told(who)).map((doc) => (doc as unknown as { task: string }).task)
    expect([await tasks(ann), await tasks(bob), await tasks(cleo)]).toStrictEqual([[], ['given'], ['own']])
    await pipeline.close()
  })

  test('MOD-8: the board’s migration sets the time of existing finished tasks to that of their last change', async () => {
    const storage = createMemoryStorage()
    const old = await testPipeline({ storage, now: () => 5000 })
    const ids = Array.from({ length: 1203 }, (_, at) => `t${at}`)
    await Promise.all(ids.map((id) => old.pipeline.tx(ann, createTask(id, { title: id, status: 'done' }))))
    await old.pipeline.tx(ann, createTask('open', { title: 'open' }))
    await old.pipeline.close()
    const { find, pipeline } = await testPipeline({ storage, modules, now: () => 9000 })
    expect((await find(TaskClass, { doneOn: 5000 })).length).toBe(ids.length)
    expect((await find(TaskClass, { doneOn: { $exists: true } })).length).toBe(ids.length)
    await pipeline.close()
  })
})
