import { board } from '../../examples/board/model.ts'
import type { AttachedDoc } from '../../model/documents.ts'
import type { Documents } from './replay.ts'
import { expectFor } from '../support/expecting.ts'

export const CLASSES = [board.class.Project, board.class.Task, board.class.Comment]

/** Each of the expected ids exists, and none exists twice. */
export function checkOnce(ids: readonly string[], expected: Iterable<string>, what: string): void {
  const present = new Set(ids)
  expectFor(`${what}: a transaction is there twice`, present.size).toBe(ids.length)
  const missing = [...expected].filter((id) => !present.has(id))
  expectFor(`${what}: ${missing.length} transactions are missing`, missing).toStrictEqual([])
}

/** Each task counts its comments, and each comment has its task. */
export function checkCounters(documents: Documents): void {
  const counts = new Map<string, number>()
  for (const doc of documents.values()) {
    const { attachedTo } = doc as AttachedDoc
    if (attachedTo === undefined) continue
    expectFor(`${doc._id} is attached to ${attachedTo}, which is gone`, documents.has(attachedTo)).toBe(true)
    counts.set(attachedTo, (counts.get(attachedTo) ?? 0) + 1)
  }
  for (const doc of documents.values()) {
    const { comments = 0 } = doc as { comments?: number | null }
    expectFor(`the comments of ${doc._id}`, comments).toBe(counts.get(doc._id) ?? 0)
  }
}
