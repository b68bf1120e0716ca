import { describe, expect, test } from '@jest/globals'
import { board, type Task } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { seededRandom } from '../../tests/crash/random.ts'
import { ann, bob, modulePipeline } from '../../tests/support/test-pipeline.ts'
import {
  applyIf,
  change,
  comment,
  createTask,
  removeTask,
  updateTask,
} from '../../tests/support/transactions.ts'
import { verifyLog } from '../verify/verify-log.ts'
import type { SyncTrigger } from '../modules/trigger.ts'
import { testSeed } from '../../tests/support/property-parameters.ts'

const { Comment, Task: TaskClass } = board.class

/** Votes for the task that the title names, if there is one. */
const chain: SyncTrigger = {
  kind: 'sync',
  name: 'chain',
  on: { classes: [TaskClass], transactions: [core.class.TxUpdateDoc] },
  run: ({ after, bySender }) => {
    const { title } = after as Task
    if (title === 'wide' || title === 'end') return []
    return [bySender.update({ ...(after as Task), _id: title as Ref }, { $inc: { votes: 1 } })]
  },
}

const refusing = (error: Error): SyncTrigger => ({
  kind: 'sync',
  name: 'refusing',
  on: { classes: [TaskClass] },
  run: () => {
    throw error
  },
})

describe('synchronous triggers', () => {
  test('PIPE-41: a transaction that a synchronous trigger adds is committed with its cause, and checked, logged and pushed like it', async () => {
    const trigger: SyncTrigger = {
      kind: 'sync',
      name: 'welcome',
      on: { classes: [TaskClass], transactions: [core.class.TxCreateDoc] },
      run: ({ after, bySystem }) => [
        bySystem.attach(after as Task, 'comments', Comment, { message: 'welcome' }),
      ],
    }
    const { pipeline, find, pushes } = await modulePipeline({ triggers: [trigger] })
    await pipeline.tx(ann, createTask('t', { title: 'first' }))
    const [welcome] = await find(Comment)
    expect(welcome?.modifiedBy).toBe(core.account.System)
    const [task] = await find(TaskClass)
    // Counters count the documents that triggers attach.
    expect((task as Task & { comments: number }).comments).toBe(1)
    expect((await find(core.class.Tx)).map(({ _class }) => _class)).toStrictEqual([core.class.TxCreateDoc])
    const derived = pushes.filter(({ tx }) => tx.space === core.space.DerivedTx)
    // In the log they come after their cause.
    expect(derived.map(({ seq }) => seq)).toStrictEqual([2, 3])
    expect((await verifyLog(pipeline.storage, pipeline.model.hierarchy)).differences).toStrictEqual([])
  })

  test('PIPE-42: a trigger reads documents as the commit leaves them, with its own change and earlier ones', async () => {
    const seen: unknown[] = []
    const trigger: SyncTrigger = {
      kind: 'sync',
      name: 'look',
      on: { classes: [TaskClass], transactions: [core.class.TxUpdateDoc] },
      run: async ({ before, after, findAll, get }, { objectId }) => {
        const found = await findAll(TaskClass, { status: 'done' })
        const got = await get(TaskClass, objectId)
        seen.push([(before as Task).status, (after as Task).status, got?.status, found.length])
        // A task is not a comment.
        expect(await get(Comment, objectId)).toBeUndefined()
        return []
      },
    }
    const { pipeline } = await modulePipeline({ triggers: [trigger] })
    const made = ['a', 'b'].map((id) => pipeline.tx(ann, createTask(id, { title: id })))
    const done = ['a', 'b'].map((id) => pipeline.tx(ann, updateTask(id, { status: 'done' })))
    await Promise.all([...made, ...done])
    expect(seen).toStrictEqual([
      ['backlog', 'done', 'done', 1],
      ['backlog', 'done', 'done', 2],
    ])
  })

  test('PIPE-43: a status that a trigger throws refuses the request, any other error is InternalServerError, and nothing is committed', async () => {
    const status = new StatusError('platform:status:Forbidden', { message: 'not today' })
    for (const [error, code] of [
      [status, 'platform:status:Forbidden'],
      [new Error('a bug'), 'platform:status:InternalServerError'],
    ] as const) {
      const { pipeline, find, log } = await modulePipeline({ triggers: [refusing(error)] })
      const txes = [comment('t', 'c')]
      await pipeline.tx(
        ann,
        change('core:class:TxCreateDoc', 'q', board.class.Project, {}, { attributes: {} }),
      )
      const before = pipeline.lastSeq()
      const both = applyIf({ scope: 's', txes: [createTask('t', { title: 't' }), ...txes] })
      await expect(pipeline.tx(ann, both)).rejects.toThrow(
        expect.objectContaining({
          status: {
            severity: 'ERROR',
            code,
            params: (error as { status?: { params: object } }).status?.params ?? {},
          },
        }),
      )
      expect(pipeline.lastSeq()).toBe(before)
      expect((await find(TaskClass)).length).toBe(0)
      const reported = log.lines.some(({ message }) => message === 'a trigger failed')
      expect(reported).toBe(error !== status)
    }
  })

  test('PIPE-44: an invalid transaction of a trigger refuses its request, and the others of its group are committed', async () => {
    const trigger: SyncTrigger = {
      kind: 'sync',
      name: 'wrong',
      on: { classes: [TaskClass], transactions: [core.class.TxCreateDoc] },
      run: ({ after, bySender }) =>
        (after as Task).title === 'bad' ? [bySender.update(after as Task, { title: 5 })] : [],
    }
    const forging: SyncTrigger = {
      ...trigger,
      name: 'forging',
      run: ({ after, bySender }) =>
        (after as Task).title === 'forged'
          ? [{ ...bySender.update(after as Task, { title: 'x' }), modifiedBy: bob.account }]
          : [],
    }
    const { pipeline, find } = await modulePipeline({ triggers: [trigger, forging] })
    const titles = ['good', 'bad', 'forged', 'fine']
    const outcomes = await Promise.allSettled(
      titles.map((title) => pipeline.tx(ann, createTask(title, { title }))),
    )
    expect(outcomes.map(({ status }) => status)).toStrictEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    expect((await find(TaskClass, {}, { sort: { _id: 1 } })).map(({ _id }) => _id)).toStrictEqual([
      'fine',
      'good',
    ])
  })

  test('PIPE-45: cascades, counters and other triggers run triggers too', async () => {
    const seen: string[] = []
    const watching: SyncTrigger = {
      kind: 'sync',
      name: 'watching',
      on: { classes: [core.class.Doc] },
      run: (_context, { _class, objectId }) => {
        seen.push(`${_class.split(':')[2]} ${objectId}`)
        return []
      },
    }
    const { pipeline } = await modulePipeline({ triggers: [watching] })
    await pipeline.tx(ann, createTask('t', { title: 't' }))
    await pipeline.tx(ann, comment('t', 'c'))
    await pipeline.tx(ann, removeTask('t'))
    expect(seen).toStrictEqual([
      'TxCreateDoc t',
      'TxCollectionCUD t',
      'TxUpdateDoc t',
      'TxRemoveDoc t',
      'TxRemoveDoc c',
    ])
  })

  test('PIPE-46: triggers that run each other are ended with TriggerLimit, by depth and by number, and reported by name', async () => {
    const wide: SyncTrigger = {
      ...chain,
      name: 'wide',
      run: ({ after, bySender }) => {
        const { title } = after as Task
        return title === 'wide'
          ? Array.from({ length: 9 }, (_, at) =>
              bySender.create(TaskClass, after!.space, { title: `w${at}` }),
            )
          : []
      },
    }
    const failures: unknown[] = []
    const { pipeline, log, find } = await modulePipeline(
      {
        triggers: [chain, wide],
      },
      {
        limits: { depth: 5, derived: 8 },
        observer: { triggerFailed: (...failure) => failures.push(failure) },
      },
    )
    await pipeline.tx(ann, createTask('a', { title: 'a' }))
    await pipeline.tx(ann, createTask('wide', { title: 'wide' }))
    const before = pipeline.lastSeq()
    const deep = { limit: 'triggerDepth', value: 5, triggers: 'test.chain' }
    await expect(pipeline.tx(ann, updateTask('a', { rank: '1' }))).rejects.toThrow(statusOf(deep))
    const many = { limit: 'triggerDerived', value: 8, triggers: 'test.wide' }
    await expect(pipeline.tx(ann, updateTask('wide', { rank: '1' }))).rejects.toThrow(statusOf(many))
    expect(pipeline.lastSeq()).toBe(before)
    expect((await find(TaskClass, { votes: { $gt: 0 } })).length).toStrictEqual(0)
    expect(failures).toStrictEqual([
      ['test.chain', 'loop'],
      ['test.wide', 'loop'],
    ])
    const reports = log.lines.filter(({ message }) => message.includes('without end'))
    expect(reports).toHaveLength(2)
    // A chain as long as the limit is permitted.
    for (const [at, next] of ['b1', 'b2', 'b3', 'b4', 'end'].entries())
      await pipeline.tx(ann, createTask(`b${at}`, { title: next }))
    await pipeline.tx(ann, updateTask('b0', { rank: '1' }))
    expect((await find(TaskClass, { votes: 1 })).length).toBe(4)
  })

  test('PIPE-47: a trigger matches descendants, mixins and attached documents, for the transaction classes that it names', async () => {
    const seen: string[] = []
    const noting = (name: string, on: SyncTrigger['on']): SyncTrigger => ({
      kind: 'sync',
      name,
      on,
      run: () => {
        seen.push(name)
        return []
      },
    })
    const { pipeline } = await modulePipeline({
      triggers: [
        noting('attached', { classes: [core.class.AttachedDoc], transactions: [core.class.TxCreateDoc] }),
        noting('estimated', { classes: [board.mixin.Estimated] }),
        noting('removed', { classes: [TaskClass], transactions: [core.class.TxRemoveDoc] }),
      ],
    })
    await pipeline.tx(ann, createTask('t', { title: 't' }))
    expect(seen.splice(0)).toStrictEqual([])
    await pipeline.tx(ann, comment('t', 'c'))
    expect(seen.splice(0)).toStrictEqual(['attached'])
    await pipeline.tx(
      ann,
      change(
        'core:class:TxMixin',
        't',
        TaskClass,
        {},
        { mixin: board.mixin.Estimated, attributes: { hours: 2 } },
      ),
    )
    expect(seen.splice(0)).toStrictEqual(['estimated'])
    await pipeline.tx(ann, removeTask('t'))
    expect(seen.splice(0)).toStrictEqual(['removed'])
  })

  test('PIPE-48: whatever is committed together, the documents that a trigger maintains agree with the others, and the log replays to them', async () => {
    const random = seededRandom(testSeed())
    const counting: SyncTrigger = {
      kind: 'sync',
      name: 'counting',
      on: { classes: [TaskClass] },
      run: async ({ before, after, bySystem, get }) => {
        const by =
          Number((after as Task | undefined)?.status === 'done') -
          Number((before as Task | undefined)?.status === 'done')
        const total = await get(TaskClass, 'total' as Ref)
        return by === 0 || total === undefined ? [] : [bySystem.update(total, { $inc: { votes: by } })]
      },
    }
    const { pipeline, find } = await modulePipeline(
      { triggers: [counting] },
      {},
      { commitLimits: { maxWaiting: 1000, maxGroup: 7 } },
    )
    await pipeline.tx(ann, createTask('total', { title: 'total', votes: 0 }))
    const one = (): Tx => {
      const id = `t${Math.floor(random() * 6)}`
      const status = random() < 0.5 ? 'done' : 'todo'
      if (random() < 0.3) return createTask(id, { title: id, status })
      return random() < 0.3 ? removeTask(id) : updateTask(id, { status })
    }
    for (let round = 0; round < 30; round++) {
      const requests = Array.from({ length: 12 }, () =>
        random() < 0.3 ? applyIf({ scope: 's', txes: [one(), one()] }) : one(),
      )
      await Promise.allSettled(requests.map((tx) => pipeline.tx(ann, tx)))
      const [total] = await find(TaskClass, { _id: 'total' as Ref })
      const done = await find(TaskClass, { status: 'done' })
      expect((total as unknown as { votes: number }).votes).toBe(done.length)
    }
    const verified = await verifyLog(pipeline.storage, pipeline.model.hierarchy)
    expect([verified.flaws, verified.differences]).toStrictEqual([[], []])
  })

  test('PIPE-49: a transaction that is sent again runs no trigger again', async () => {
    const { pipeline, find } = await modulePipeline({ triggers: [chain] })
    await pipeline.tx(ann, createTask('t', { title: 'u' }))
    await pipeline.tx(ann, createTask('u', { title: 'end' }))
    const update = updateTask('t', { rank: '1' })
    const answers = [pipeline.tx(ann, update), pipeline.tx(ann, update)]
    expect(await Promise.all([...answers, pipeline.tx(ann, update)])).toStrictEqual([{}, {}, {}])
    await pipeline.tx(ann, update)
    expect((await find(TaskClass, { votes: 1 })).length).toBe(1)
  })

  function statusOf(params: object) {
    return expect.objectContaining({
      status: { severity: 'ERROR', code: 'platform:status:TriggerLimit', params },
    })
  }
})
