import { expect, test } from '@jest/globals'
import type { Doc } from '../../model/documents.ts'
import type { FindPlan } from '../../model/query/plan.ts'
import type { WorkspaceStorage } from '../contract.ts'
import { allParts } from '../shared/encode.ts'
import {
  batch,
  entry,
  plan,
  putAll,
  type SubjectFactory,
  type SuiteSizes,
  task,
  taskSchema,
  textOf,
  withWorkspace,
} from './fixture.ts'

const limits = { maxBytes: 5000, maxCount: 10 }

/** Long results, read part by part. */
export function describeStreaming(name: string, make: SubjectFactory, { streamed: count }: SuiteSizes): void {
  const lastId = `t${count - 1}`
  const docs = Array.from({ length: count }, (_, at) =>
    task(`t${String((at * 7) % count).padStart(3, '0')}`, { rank: `r${at % 5}`, text: 'x'.repeat(at) }),
  )
  const within = (run: (workspace: WorkspaceStorage) => Promise<void>) => () =>
    withWorkspace(make, taskSchema, async (workspace) => {
      await putAll(workspace, 0, docs)
      await run(workspace)
    })
  const idsIn = (parts: Parameters<typeof textOf>[0][]) =>
    parts.flatMap((part) => (JSON.parse(`[${textOf(part)}]`) as Doc[]).map(({ _id }) => _id))

  test(
    `STO-70: ${name} returns a long result in parts, each document once and in order`,
    within(async (workspace) => {
      const plans: Partial<FindPlan>[] = [
        {},
        { sort: [{ path: ['rank'], order: -1 }], total: true },
        { condition: { op: 'gte', path: ['rank'], value: 'r2' }, limit: 100, total: true },
        { projection: { include: [['rank']] } },
      ]
      for (const parts of plans) {
        const expected = await workspace.find(plan(parts))
        const found = await workspace.findEncoded(plan(parts), limits)
        expect(idsIn(await allParts(found))).toStrictEqual(expected.map(({ _id }) => _id))
        expect(found.total).toBe(expected.total)
      }
    }),
  )

  test(
    `STO-70: ${name} returns a long result as of one moment, or says that it does not`,
    within(async (workspace) => {
      const found = await workspace.findEncoded(plan(), limits)
      const entries = [entry(count + 1, { objectId: lastId }), entry(count + 2, { objectId: 'new' })]
      const puts = [{ domain: 'task', doc: task('zz', { rank: 'late' }) }]
      await workspace.commit(batch({ entries, puts, removes: [{ domain: 'task', id: lastId }] }))
      const ids = idsIn(await allParts(found))
      expect(new Set(ids).size).toBe(ids.length)
      const before = docs.map(({ _id }) => _id).sort()
      if (found.rest?.isSnapshot === false)
        expect(ids.filter((id) => id !== lastId && id !== 'zz')).toStrictEqual(before.slice(0, -1))
      else expect(ids).toStrictEqual(before)
    }),
  )

  test(
    `STO-71: ${name} ends a long result that is closed, and the long results of a workspace that closes`,
    within(async (workspace) => {
      const [first, second] = [
        await workspace.findEncoded(plan(), limits),
        await workspace.findEncoded(plan(), limits),
      ]
      if (first.rest === undefined || second.rest === undefined) return
      await first.rest.next()
      first.rest.close()
      first.rest.close()
      await expect(first.rest.next()).rejects.toThrow(expect.objectContaining({ code: 'closed' }))
      expect((await second.rest.next()).final).toBe(false)
      await workspace.close()
      await expect(second.rest.next()).rejects.toThrow(expect.objectContaining({ code: 'closed' }))
    }),
  )
}
