import { describe, expect, test } from '@jest/globals'
import { createTask } from '../../tests/support/transactions.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { DEFAULT_TRIGGER_LIMITS } from '../modules/trigger-limits.ts'
import { CrashMarks } from './crash-marks.ts'
import type { TriggerPosition } from './trigger-cursors.ts'
import { Work } from './trigger-work.ts'

const none: ReadonlySet<Work> = new Set()
/** The end of the log when the workspace opens. */
const END = 10

function position(fields: Partial<TriggerPosition> = {}): TriggerPosition {
  return { seq: 3, reached: 3, open: [], failing: [], marked: [], stopped: false, ...fields }
}

function marksOf(fields: Partial<TriggerPosition>, crashes = 2): CrashMarks {
  const limits = { ...DEFAULT_TRIGGER_LIMITS, crashes, recordedRuns: 3 }
  return new CrashMarks(position(fields), { limits, end: END, concurrency: 1 })
}

function work(seq: number): Work {
  const tx = createTask(`t${seq}`, {}) as unknown as TxCUD
  return new Work({ seq, tx, request: tx._id }, { key: tx.objectId, idempotencyKey: String(seq) })
}

describe('the records of runs after a crash', () => {
  test('MOD-44: after a crash the runs of what was left over are recorded one by one, up to a number of them, and others are not', () => {
    const marks = marksOf({})
    for (const seq of [4, 5, 6]) {
      const left = work(seq)
      expect([marks.isAlone(left), marks.decide(left)]).toStrictEqual([true, 'record'])
      marks.record(left)
      // Of the first one it is not known whether it was under way.
      expect(marks.marked(none)).toStrictEqual([{ seq, crashes: seq === 4 ? 1 : 0 }])
      expect(marks.marked(new Set([left]))).toStrictEqual([])
      marks.clear()
    }
    expect(marks.decide(work(7))).toBe('run')
    expect(marksOf({}).decide(work(END + 1))).toBe('run')
  })

  test('MOD-45: a run that was recorded at two crashes is given up, or never with the option 0', () => {
    for (const [crashes, limit, decision] of [
      [0, 2, 'record'],
      [1, 2, 'give-up'],
      [5, 7, 'record'],
      [99, Infinity, 'record'],
    ] as const)
      expect(marksOf({ marked: [{ seq: 4, crashes }] }, limit).decide(work(4))).toBe(decision)
    // What was not recorded was not under way.
    const others = marksOf({ marked: [{ seq: 4, crashes: 0 }] })
    const other = work(5)
    others.decide(other)
    expect(other.crashes).toBe(0)
  })

  test('MOD-46: a workspace that was closed in order counts no crash, and one commit says that it is open again', () => {
    const marks = marksOf({ stopped: true })
    expect(marks.isAlone(work(4))).toBe(false)
    expect([marks.decide(work(4)), marks.decide(work(5))]).toStrictEqual(['resume', 'run'])
  })
})
