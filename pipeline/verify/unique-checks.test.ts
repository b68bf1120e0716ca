import { describe, expect, test } from '@jest/globals'
import type { Doc } from '../../model/documents.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import type { Storage } from '../../storage/contract.ts'
import { interceptedStorage } from '../../tests/support/intercepted-storage.ts'
import { ann, testPipeline, type TestPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf } from '../../tests/support/transactions.ts'
import {
  create,
  Person,
  remove,
  uniqueModel,
  update,
  withoutKeys,
} from '../../tests/modules/unique-module.ts'
import type { Tx } from '../../model/transactions.ts'

async function opened(storage: Storage, model: readonly Tx[] = uniqueModel): Promise<TestPipeline> {
  const made = await testPipeline({ storage, model })
  await made.pipeline.keysChecked()
  return made
}

/** Reads of persons that a scan makes: they are in the order of ids. */
function counting(storage: Storage): { scans: () => number; storage: Storage } {
  let scans = 0
  const counted = interceptedStorage(storage, (workspace) => {
    const find = workspace.find.bind(workspace)
    return Object.assign(workspace, {
      find: (plan: Parameters<typeof find>[0]) => {
        if (plan.domain === 'person' && plan.sort.length > 0) scans += 1
        return find(plan)
      },
    })
  })
  return { scans: () => scans, storage: counted }
}

describe('unique keys of existing documents', () => {
  test('MOD-115: when a unique key is declared, existing duplicates are logged and reported, and the key holds for new changes', async () => {
    const storage = createMemoryStorage()
    const old = await opened(storage, withoutKeys)
    const txes = ['a', 'b', 'c'].map((id) => create(id, { email: id === 'c' ? 'c' : 'same' }))
    for (const tx of txes) await old.pipeline.tx(ann, tx)
    expect(old.pipeline.duplicates()).toStrictEqual([])
    await old.pipeline.close()
    const first = await opened(storage)
    const found = { _class: Person, fields: ['email'], keys: 1, documents: [['a', 'b']] }
    expect(first.pipeline.duplicates()).toStrictEqual([found])
    expect(first.log.lines).toContainEqual({
      level: 'error',
      fields: { workspace: 'w1', ...found },
      message: 'documents share a unique key: change or remove all but one',
    })
    // They can be changed otherwise, and a third one cannot join them.
    await first.pipeline.tx(ann, update('a', { title: 't' }))
    await expect(first.pipeline.tx(ann, update('c', { email: 'same' }))).rejects.toThrow('NotUnique')
    await expect(first.pipeline.tx(ann, create('d', { email: 'same' }))).rejects.toThrow('NotUnique')
    await first.pipeline.tx(ann, remove('a'))
    await first.pipeline.close()
    const second = await opened(storage)
    expect(second.pipeline.duplicates()).toStrictEqual([])
    await second.pipeline.close()
  })

  test('MOD-116: a check of many documents is read page by page, is remembered, and is repeated after a restore', async () => {
    const { storage, scans } = counting(createMemoryStorage())
    const old = await opened(storage, withoutKeys)
    const many = Array.from({ length: 1100 }, (_, at) => create(`p${at}`, { email: `e${at}` }))
    await old.pipeline.tx(ann, applyIf({ txes: many }))
    await old.pipeline.close()
    expect(scans()).toBe(0)
    const first = await opened(storage)
    const once = scans()
    // Two keys of persons in two pages each, and one of badges.
    expect(once).toBe(5)
    await first.pipeline.close()
    const second = await opened(storage)
    expect(scans()).toBe(once + 1)
    const [restored] = (await second.find(Person, { _id: 'p1' as never })) as Doc[]
    await second.pipeline.restoring.upload('person', [{ ...restored!, _id: 'copy' as never }])
    await second.pipeline.close()
    const third = await opened(storage)
    expect(third.pipeline.duplicates()).toMatchObject([{ fields: ['email'], documents: [['copy', 'p1']] }])
    await third.pipeline.close()
  })
})
