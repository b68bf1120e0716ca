import { expect, test } from '@jest/globals'
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

/** Search, and the reads and writes of a backup. */
export function describeRestoring(name: string, make: SubjectFactory): void {
  const within = (run: Parameters<typeof withWorkspace>[2]) => () => withWorkspace(make, taskSchema, run)
  const found = async (
    workspace: Parameters<Parameters<typeof withWorkspace>[2]>[0],
    text: string,
    rest = {},
  ) => (await workspace.search({ text, limit: 10, ...rest })).map(({ id }) => id)

  test(
    `STO-13: ${name} searches by the beginnings of all words, and takes every earlier commit into account`,
    within(async (workspace) => {
      const docs = [
        task('a', { title: 'Größe des Fensters', text: ['blue', 'glass'] }),
        task('b', { title: 'glass', _class: noteClass }),
        task('c', { text: 'only glass', space: 'space-b' }),
      ]
      await putAll(workspace, 0, docs)
      expect(await found(workspace, 'rösse')).toStrictEqual([])
      expect(await found(workspace, 'größ fen BLU')).toStrictEqual(['a'])
      expect(new Set(await found(workspace, 'gla'))).toStrictEqual(new Set(['a', 'b', 'c']))
      expect(await found(workspace, 'gla', { classes: [noteClass] })).toStrictEqual(['b'])
      expect(await found(workspace, 'gla', { spaces: ['space-b'] })).toStrictEqual(['c'])
      expect(await found(workspace, 'gla', { limit: 1 })).toHaveLength(1)
      for (const text of ['', ' ', '"', '*', 'none', 'gla OR none'])
        expect(await found(workspace, text)).toStrictEqual([])
      const hits = await workspace.search({ text: 'glass', limit: 10 })
      expect(hits.every(({ score }) => score > 0)).toBe(true)
      expect(hits.find(({ id }) => id === 'b')?.title).toBe('glass')
      expect(hits.find(({ id }) => id === 'c')?.title).toBe('only glass')
      expect(hits[0]?.id).toBe('b')
    }),
  )

  test(
    `STO-30: ${name} finds documents in visible spaces, visible spaces themselves, and documents of known classes only`,
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
      expect(await visible([space, 'space-b'], all)).toStrictEqual(new Set(['a', 'b', 'c', 'space-b']))
      expect(await visible([space], all)).toStrictEqual(new Set(['a', 'b']))
      expect(await visible([space], [_class])).toStrictEqual(new Set(['a']))
      expect(await visible([], all)).toStrictEqual(new Set())
    }),
  )

  test(
    `STO-14: ${name} searches the current documents in the currently declared fields`,
    within(async (workspace) => {
      await putAll(workspace, 0, [task('a', { title: 'one', other: 'three' }), task('b', { title: 'one' })])
      expect(await found(workspace, 'one')).toStrictEqual(['a', 'b'])
      const entries = [entry(3, { objectId: 'a' }), entry(4, { objectId: 'parent', tx: { objectId: 'b' } })]
      const puts = [{ domain: 'task', doc: task('a', { title: 'two', other: 'three' }) }]
      await workspace.commit(batch({ entries, puts, removes: [{ domain: 'task', id: 'b' }] }))
      expect(await found(workspace, 'one')).toStrictEqual([])
      expect(await found(workspace, 'two')).toStrictEqual(['a'])
      await workspace.applySchema({ domains: [{ domain: 'task', indexes: [], fullText: [['other']] }] })
      expect(await found(workspace, 'two')).toStrictEqual([])
      expect(await found(workspace, 'three')).toStrictEqual(['a'])
    }),
  )

  test(
    `STO-15: ${name} lists a domain in pages by id, with hashes that do not depend on the order of keys`,
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
          expect(info.size).toBe(size)
          expect(info.hash).toBe(contentHash(task(info.id, { y: { b: 'é', a: 1 }, x: 1 })))
        }
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(pages).toStrictEqual([['a', 'b'], ['c', 'd'], ['e']])
      expect((await workspace.list('task', undefined, 1)).docs).toHaveLength(1)
      expect(await workspace.list('none', undefined, 100)).toStrictEqual({ docs: [] })
    }),
  )

  test(
    `STO-15: ${name} restores and removes documents without a log entry`,
    within(async (workspace, storage) => {
      await putAll(workspace, 0, [task('a', { title: 'old' }), task('b')])
      await workspace.upload('task', [task('a', { title: 'new' }), task('c', { title: 'fresh' })])
      await workspace.clean('task', ['b', 'none'])
      expect(await idsOf(workspace, {})).toStrictEqual(['a', 'c'])
      expect(await found(workspace, 'new')).toStrictEqual(['a'])
      expect(await found(workspace, 'old')).toStrictEqual([])
      expect(await found(workspace, 'fresh')).toStrictEqual(['c'])
      await workspace.close()
      const again = await storage.openWorkspace('workspace', taskSchema)
      expect([again.lastSeq, again.epoch]).toStrictEqual([2, workspace.epoch])
    }),
  )

  test(
    `STO-16: ${name} has a new epoch after the log was restored, with the log in the order of time`,
    within(async (workspace, storage) => {
      await putAll(workspace, 0, [task('a'), task('b')])
      await workspace.upload('tx', [entry(9, { modifiedOn: 9 }).tx, entry(5, { modifiedOn: 0.5 }).tx])
      await workspace.clean('tx', [entry(1).tx._id])
      await workspace.close()
      const again = await storage.openWorkspace('workspace', taskSchema)
      expect(again.epoch).not.toBe(workspace.epoch)
      expect(again.lastSeq).toBe(3)
      const log = await again.readLog({ after: 0, limit: 10 })
      expect(log.map(({ seq, tx }) => [seq, tx._id])).toStrictEqual([
        [1, 'tx-000005'],
        [2, 'tx-000002'],
        [3, 'tx-000009'],
      ])
      await again.commit(
        batch({
          entries: [entry(4, { objectId: 'c' })],
          puts: [{ domain: 'task', doc: task('c', { title: 'later' }) }],
        }),
      )
      expect(await found(again, 'later')).toStrictEqual(['c'])
    }),
  )

  test(
    `STO-16: ${name} stores commits that are made together with a removal, also twice in a row`,
    within(async (workspace, storage) => {
      const idsOfLog = async (opened: typeof workspace) =>
        (await opened.readLog({ after: 0, limit: 20 })).map(({ tx }) => tx._id as string)
      const put = (rank: string) => [{ domain: 'task', doc: task('a', { rank }) }]
      await putAll(workspace, 0, [task('a'), task('b'), task('c'), task('d')])
      await workspace.clean('tx', [entry(4).tx._id, entry(3).tx._id])
      await workspace.close()
      const second = await storage.openWorkspace('workspace', taskSchema)
      expect(await idsOfLog(second)).toStrictEqual([entry(1).tx._id, entry(2).tx._id])
      await second.commit(
        batch({ entries: [entry(3, { _id: 'x' }), entry(4, { _id: 'y' })], puts: put('later') }),
      )
      await second.clean('tx', [entry(1).tx._id, 'x', 'y'])
      await second.close()
      const third = await storage.openWorkspace('workspace', taskSchema)
      expect(await idsOfLog(third)).toStrictEqual([entry(2).tx._id])
      // The log is shorter than before: documents are written anyway.
      await third.commit(batch({ entries: [entry(2, { _id: 'z' })], puts: put('last') }))
      expect(await third.get('task', ['a'])).toStrictEqual([task('a', { rank: 'last' })])
    }),
  )
}
