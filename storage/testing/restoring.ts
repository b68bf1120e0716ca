import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contentHash } from '../../model/hash-chain.ts'
import {
  batch,
  entry,
  idsOf,
  noteClass,
  spaceClass,
  putAll,
  type SubjectFactory,
  task,
  taskSchema,
  withWorkspace,
} from './fixture.ts'

/** Search, and what a backup reads and writes. */
export function describeRestoring(name: string, make: SubjectFactory): void {
  const within = (run: Parameters<typeof withWorkspace>[2]) => () => withWorkspace(make, taskSchema, run)
  const found = async (
    workspace: Parameters<Parameters<typeof withWorkspace>[2]>[0],
    text: string,
    rest = {},
  ) => (await workspace.search({ text, limit: 10, ...rest })).map(({ id }) => id)

  test(
    `STO-13: ${name} searches by the beginnings of all words, and sees every commit before`,
    within(async (workspace) => {
      const docs = [
        task('a', { title: 'Größe des Fensters', text: ['blue', 'glass'] }),
        task('b', { title: 'glass', _class: noteClass }),
        task('c', { text: 'only glass', space: 'space-b' }),
      ]
      await putAll(workspace, 0, docs)
      assert.deepEqual(await found(workspace, 'rösse'), [])
      assert.deepEqual(await found(workspace, 'größ fen BLU'), ['a'])
      assert.deepEqual(new Set(await found(workspace, 'gla')), new Set(['a', 'b', 'c']))
      assert.deepEqual(await found(workspace, 'gla', { classes: [noteClass] }), ['b'])
      assert.deepEqual(await found(workspace, 'gla', { spaces: ['space-b'] }), ['c'])
      assert.equal((await found(workspace, 'gla', { limit: 1 })).length, 1)
      for (const text of ['', ' ', '"', '*', 'none', 'gla OR none'])
        assert.deepEqual(await found(workspace, text), [])
      const hits = await workspace.search({ text: 'glass', limit: 10 })
      assert.ok(hits.every(({ score }) => score > 0))
      assert.equal(hits.find(({ id }) => id === 'b')?.title, 'glass')
      assert.equal(hits.find(({ id }) => id === 'c')?.title, 'only glass')
      assert.equal(hits[0]?.id, 'b')
    }),
  )

  test(
    `STO-30: ${name} finds what is in visible spaces, visible spaces themselves, and known classes only`,
    within(async (workspace) => {
      await putAll(workspace, 0, [
        task('a', { title: 'glass' }),
        task('b', { title: 'glass', _class: noteClass }),
        task('c', { title: 'glass', space: 'space-b' }),
        task('space-b', { title: 'glass', _class: spaceClass }),
      ])
      const { space, _class } = task('any', {})
      const visible = async (spaces: string[], classes: string[]) => {
        const of = { account: 'ann', spaces, classes, spaceClasses: [spaceClass], creatorClasses: [] }
        return new Set(await found(workspace, 'glass', { visible: of }))
      }
      const all = [_class, noteClass, spaceClass]
      assert.deepEqual(await visible([space, 'space-b'], all), new Set(['a', 'b', 'c', 'space-b']))
      assert.deepEqual(await visible([space], all), new Set(['a', 'b']))
      assert.deepEqual(await visible([space], [_class]), new Set(['a']))
      assert.deepEqual(await visible([], all), new Set())
    }),
  )

  test(
    `STO-14: ${name} searches what documents are now, by the fields that are declared now`,
    within(async (workspace) => {
      await putAll(workspace, 0, [task('a', { title: 'one', other: 'three' }), task('b', { title: 'one' })])
      assert.deepEqual(await found(workspace, 'one'), ['a', 'b'])
      const entries = [entry(3, { objectId: 'a' }), entry(4, { objectId: 'parent', tx: { objectId: 'b' } })]
      const puts = [{ domain: 'task', doc: task('a', { title: 'two', other: 'three' }) }]
      await workspace.commit(batch({ entries, puts, removes: [{ domain: 'task', id: 'b' }] }))
      assert.deepEqual(await found(workspace, 'one'), [])
      assert.deepEqual(await found(workspace, 'two'), ['a'])
      await workspace.applySchema({ domains: [{ domain: 'task', indexes: [], fullText: [['other']] }] })
      assert.deepEqual(await found(workspace, 'two'), [])
      assert.deepEqual(await found(workspace, 'three'), ['a'])
    }),
  )

  test(
    `STO-15: ${name} lists a domain in pages by id, with hashes that don't depend on the order of keys`,
    within(async (workspace) => {
      const docs = ['e', 'c', 'a', 'd', 'b'].map((id) => task(id, { x: 1, y: { a: 1, b: 'é' } }))
      await putAll(workspace, 0, docs)
      const size = Buffer.byteLength(JSON.stringify(docs[0]))
      const pages: string[][] = []
      let cursor: string | undefined
      do {
        const page = await workspace.list('task', cursor, size * 2 + 10)
        pages.push(page.docs.map(({ id }) => id))
        for (const info of page.docs) {
          assert.equal(info.size, size)
          assert.equal(info.hash, contentHash(task(info.id, { y: { b: 'é', a: 1 }, x: 1 })))
        }
        cursor = page.cursor
      } while (cursor !== undefined)
      assert.deepEqual(pages, [['a', 'b'], ['c', 'd'], ['e']])
      assert.equal((await workspace.list('task', undefined, 1)).docs.length, 1)
      assert.deepEqual(await workspace.list('none', undefined, 100), { docs: [] })
    }),
  )

  test(
    `STO-15: ${name} restores and cleans documents without a log entry`,
    within(async (workspace, storage) => {
      await putAll(workspace, 0, [task('a', { title: 'old' }), task('b')])
      await workspace.upload('task', [task('a', { title: 'new' }), task('c', { title: 'fresh' })])
      await workspace.clean('task', ['b', 'none'])
      assert.deepEqual(await idsOf(workspace, {}), ['a', 'c'])
      assert.deepEqual(await found(workspace, 'new'), ['a'])
      assert.deepEqual(await found(workspace, 'old'), [])
      assert.deepEqual(await found(workspace, 'fresh'), ['c'])
      await workspace.close()
      const again = await storage.openWorkspace('workspace', taskSchema)
      assert.deepEqual([again.lastSeq, again.epoch], [2, workspace.epoch])
    }),
  )

  test(
    `STO-16: ${name} starts a new history when the log was restored, in the order of time`,
    within(async (workspace, storage) => {
      await putAll(workspace, 0, [task('a'), task('b')])
      await workspace.upload('tx', [entry(9, { modifiedOn: 9 }).tx, entry(5, { modifiedOn: 0.5 }).tx])
      await workspace.clean('tx', [entry(1).tx._id])
      await workspace.close()
      const again = await storage.openWorkspace('workspace', taskSchema)
      assert.notEqual(again.epoch, workspace.epoch)
      assert.equal(again.lastSeq, 3)
      const log = await again.readLog({ after: 0, limit: 10 })
      assert.deepEqual(
        log.map(({ seq, tx }) => [seq, tx._id]),
        [
          [1, 'tx-000005'],
          [2, 'tx-000002'],
          [3, 'tx-000009'],
        ],
      )
      await again.commit(
        batch({
          entries: [entry(4, { objectId: 'c' })],
          puts: [{ domain: 'task', doc: task('c', { title: 'later' }) }],
        }),
      )
      assert.deepEqual(await found(again, 'later'), ['c'])
    }),
  )

  test(
    `STO-16: ${name} keeps what was committed together with what was cleaned, also twice in a row`,
    within(async (workspace, storage) => {
      const idsOfLog = async (opened: typeof workspace) =>
        (await opened.readLog({ after: 0, limit: 20 })).map(({ tx }) => tx._id as string)
      const put = (rank: string) => [{ domain: 'task', doc: task('a', { rank }) }]
      await putAll(workspace, 0, [task('a'), task('b'), task('c'), task('d')])
      await workspace.clean('tx', [entry(4).tx._id, entry(3).tx._id])
      await workspace.close()
      const second = await storage.openWorkspace('workspace', taskSchema)
      assert.deepEqual(await idsOfLog(second), [entry(1).tx._id, entry(2).tx._id])
      await second.commit(
        batch({ entries: [entry(3, { _id: 'x' }), entry(4, { _id: 'y' })], puts: put('later') }),
      )
      await second.clean('tx', [entry(1).tx._id, 'x', 'y'])
      await second.close()
      const third = await storage.openWorkspace('workspace', taskSchema)
      assert.deepEqual(await idsOfLog(third), [entry(2).tx._id])
      // The log is shorter than it was: documents are written all the same.
      await third.commit(batch({ entries: [entry(2, { _id: 'z' })], puts: put('last') }))
      assert.deepEqual(await third.get('task', ['a']), [task('a', { rank: 'last' })])
    }),
  )
}
