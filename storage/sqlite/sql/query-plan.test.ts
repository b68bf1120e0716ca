import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Doc } from '../../../model/documents.ts'
import type { Condition, FindPlan } from '../../../model/query/plan.ts'
import type { StorageSchema } from '../../contract.ts'
import { eq, mixin, noSchema, noteClass, plan, task, taskClass, taskSchema } from '../../testing/fixture.ts'
import { createFile } from '../file/database.ts'
import { type Put, putDocuments } from '../file/documents.ts'
import { never, template } from './sql-fragment.ts'
import { explainFind, find } from '../reads/find.ts'
import { keyLayout, keyValues } from './key-columns.ts'
import { documentRow } from './row.ts'
import { applySchema, keptSchema } from '../file/schema.ts'
import { WorkspaceFile } from '../file/workspace-file.ts'

const count = 100_000
/** Bytes. */
const BEGINNING = 128 * 1024
const directory = mkdtempSync(join(tmpdir(), 'atrium-plans-'))
const path = join(directory, 'plans.db')
const layout = keyLayout('task', taskSchema.domains[0])
let file: WorkspaceFile

beforeAll(() => {
  createFile(path)
  file = new WorkspaceFile(path, noSchema, { readOnly: false })
  file.db.pragma('synchronous = OFF')
  applySchema(file, taskSchema)
  const docs = Array.from({ length: count }, (_, index) =>
    task(`t${index}`, {
      space: `space-${index % 10}`,
      _class: index % 3 === 0 ? noteClass : taskClass,
      rank: `r${String((index * 7919) % count).padStart(6, '0')}`,
      [mixin]: { price: index % 100 },
    }),
  )
  file.transaction('immediate', () => {
    putDocuments(file, docs.map(putOf))
  })
})

afterAll(() => {
  file.close()
  rmSync(directory, { recursive: true })
})

function putOf(doc: Doc): Put {
  return { domain: 'task', row: documentRow(doc, keyValues(doc, layout)), layout: layout.id }
}

const ofSpace = (classes: string[]): Condition => ({
  op: 'all-of',
  conditions: [{ op: 'in', path: ['_class'], values: classes }, eq('space', 'space-3')],
})

/** Scans an index from its start, and sorts only ties. */
function assertWalk(wanted: FindPlan, index: RegExp): void {
  const steps = explainFind(file, wanted).join('\n')
  expect(steps).toMatch(index)
  expect(steps).not.toMatch(/SCAN|TEMP B-TREE FOR ORDER BY/)
}

describe('query plans of SQLite', () => {
  test('STO-20: a page of a space sorted by an attribute scans the index on space and attribute, for one class or several', () => {
    const rank = { path: ['rank'], order: 1 } as const
    for (const classes of [[taskClass], [taskClass, noteClass]]) {
      const wanted = plan({ condition: ofSpace(classes), sort: [rank], limit: 50 })
      assertWalk(wanted, /SEARCH t0 USING INDEX ix_d_task_\w+ \(space=\?\)$/)
      assertWalk(
        { ...wanted, sort: [{ ...rank, order: -1 }] },
        /SEARCH t0 USING INDEX ix_d_task_\w+ \(space=\?\)/,
      )
      expect(find(file, wanted).rows).toHaveLength(50)
    }
  })

  test('STO-20: a page of a space by id scans an index, for one class or several', () => {
    assertWalk(
      plan({ condition: ofSpace([taskClass]), limit: 50 }),
      /INDEX cl_d_task \(_class=\? AND space=\?\)$/,
    )
    assertWalk(
      plan({ condition: ofSpace([taskClass, noteClass]), limit: 50 }),
      /INDEX sp_d_task \(space=\?\)$/,
    )
  })

  test('STO-20: equality, ranges and lists on declared paths and on the parent use an index', () => {
    const conditions: [Condition, RegExp][] = [
      [eq('rank', 'r000007'), /ix_d_task_\w+ \(k_\w+=\?\)/],
      [{ op: 'in', path: ['rank'], values: ['r000007', 'r000008'] }, /ix_d_task_\w+ \(k_\w+=\?\)/],
      [{ op: 'gte', path: ['rank'], value: 'r09' }, /ix_d_task_\w+ \(k_\w+>\? AND k_\w+<\?\)/],
      [eq([mixin, 'price'], 7), /ix_d_task_\w+ \(k_\w+=\?\)/],
      [eq('attachedTo', 'x'), /at_d_task \(attachedTo=\?/],
      [eq('_id', 't7'), /sqlite_autoindex_d_task_1 \(_id=\?\)/],
    ]
    for (const [condition, index] of conditions)
      expect(explainFind(file, plan({ condition })).join('\n')).toMatch(index)
  })

  test('STO-20: whether a declared path has irregular values is read from an index, never from all documents', () => {
    for (const path of [['rank'], [mixin, 'price']]) {
      const irregular = file.nonScalarTest(file.table('task'), path)
      const steps = file.rows<{ detail: string }>(
        template('EXPLAIN QUERY PLAN SELECT {}', irregular ?? never),
      )
      expect(steps.map(({ detail }) => detail).join('\n')).toMatch(
        /SEARCH d_task USING COVERING INDEX \w+ \(k_/,
      )
    }
  })

  test('STO-20: one array among the values disables the index, and the result is the same', () => {
    const odd = task('odd', { rank: ['r000007'], space: 'space-3' })
    file.transaction('immediate', () => {
      putDocuments(file, [putOf(odd)])
    })
    expect(find(file, plan({ condition: eq('rank', 'r000007') })).rows).toHaveLength(2)
    file.run('DELETE FROM d_task WHERE _id = ?', ['odd'])
    assertWalk(plan({ condition: eq('rank', 'r000007') }), /ix_d_task/)
  })

  test('STO-26: opening keeps the indexes that were declared before, and applying a schema drops those it lacks', () => {
    const names = () =>
      file.column<string>({ sql: `SELECT name FROM sqlite_master WHERE name LIKE 'ix_%'`, params: [] })
    const before = names()
    expect(before).toHaveLength(3)
    applySchema(file, keptSchema(file, noSchema))
    expect(names()).toStrictEqual(before)
    const rankOnly: StorageSchema = {
      domains: [{ domain: 'task', indexes: [{ keys: [{ path: ['rank'], order: 1 }] }], fullText: [] }],
    }
    applySchema(file, rankOnly)
    expect(names()).toHaveLength(1)
    applySchema(file, taskSchema)
    expect(names().sort()).toStrictEqual(before.sort())
  })

  test('STO-27: opening a workspace of 100,000 documents reads only the beginning of its file', () => {
    file.db.pragma('wal_checkpoint(TRUNCATE)')
    const whole = readFileSync(path)
    const beginning = join(directory, 'beginning.db')
    writeFileSync(beginning, whole.subarray(0, BEGINNING))
    // The rest of the file reads as zeros, which are not valid pages.
    truncateSync(beginning, whole.length)
    const other = new WorkspaceFile(beginning, taskSchema, { readOnly: true })
    expect(other.meta('epoch')).toHaveLength(16)
    expect(whole.length).toBeGreaterThan(100 * BEGINNING)
    expect(() => find(other, plan())).toThrow(/malformed/)
    other.close()
  })
})
