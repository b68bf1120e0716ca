import { describe, expect, test } from '@jest/globals'
import type { Doc, Domain } from '../../model/documents.ts'
import { ann, testPipeline } from '../../tests/support/test-pipeline.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { createTask, removeTask, updateTask } from '../../tests/support/transactions.ts'
import { verifyLog } from './verify-log.ts'

const task = 'task' as Domain

describe('verify', () => {
  test('SRV-52: documents that differ from the log are reported, each by its kind', async () => {
    const { pipeline } = await testPipeline()
    const { storage, model } = pipeline
    for (const id of ['t1', 't2', 't3']) await pipeline.tx(ann, createTask(id, { title: id }))
    const [t1] = await storage.get(task, ['t1'])
    expect(t1).toBeDefined()
    // Writes without the log, and without the record of a restore.
    await storage.clean(task, ['t2'])
    await storage.upload(task, [{ ...t1, title: 'other' } as Doc, { ...t1, _id: 'extra' } as Doc])
    const { differences, begins, restored } = await verifyLog(storage, model.hierarchy)
    expect(differences.map(({ id, kind }) => [id, kind])).toStrictEqual([
      ['extra', 'extra'],
      ['t1', 'different'],
      ['t2', 'missing'],
    ])
    expect([begins, restored]).toStrictEqual([0, 0])
  })

  test('SRV-73: restored documents are counted, and documents committed after the restore are compared', async () => {
    const { pipeline } = await testPipeline()
    const { storage, model, restoring } = pipeline
    for (const id of ['t1', 't2', 't3']) await pipeline.tx(ann, createTask(id, { title: id }))
    const [t1] = await storage.get(task, ['t1'])
    expect(t1).toBeDefined()
    const begins = pipeline.lastSeq()
    await restoring.upload(task, [{ ...t1, title: 'older' } as Doc, { ...t1, _id: 'back' } as Doc])
    await restoring.clean(task, ['t2'])
    const before = await verifyLog(storage, model.hierarchy)
    expect([before.begins, before.flaws, before.differences]).toStrictEqual([begins, [], []])
    await pipeline.tx(ann, createTask('t4', { title: 'new' }))
    await pipeline.tx(ann, createTask('t5', { title: 'new' }))
    await pipeline.tx(ann, updateTask('back', { title: 'changed' }))
    await pipeline.tx(ann, removeTask('t3'))
    const after = await verifyLog(storage, model.hierarchy)
    expect([after.begins, after.flaws, after.differences]).toStrictEqual([begins, [], []])
    expect([after.documents, after.restored]).toStrictEqual([2, before.restored - 1])
    // New damage, and a removed document that reappears, are reported again.
    const [t4] = await storage.get(task, ['t4'])
    expect(t4).toBeDefined()
    await storage.upload(task, [{ ...t4, title: 'damaged' } as Doc, { ...t1, _id: 't3' } as Doc])
    await storage.clean(task, ['t5'])
    const { differences } = await verifyLog(storage, model.hierarchy)
    expect(differences.map(({ id, kind }) => [id, kind])).toStrictEqual([
      ['t3', 'extra'],
      ['t4', 'different'],
      ['t5', 'missing'],
    ])
  })

  test('SRV-52: an entry that cannot be applied is reported as an error of the log, and the comparison continues', async () => {
    const { pipeline } = await testPipeline()
    const { storage, model } = pipeline
    await pipeline.tx(ann, createTask('t1', { title: 'x' }))
    const seq = pipeline.lastSeq() + 1
    const tx = updateTask('nowhere', { title: 'y' })
    await storage.commit({ entries: [{ seq, tx: tx as TxCUD, request: tx._id }], puts: [], removes: [] })
    const { flaws, differences } = await verifyLog(storage, model.hierarchy)
    expect(flaws).toStrictEqual([`entry ${seq} cannot be applied to nowhere: core:status:ObjectNotFound`])
    expect(differences).toStrictEqual([])
  })
})
