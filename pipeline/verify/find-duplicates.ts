import { createHash } from 'node:crypto'
import { domains } from '../../model/identifiers.ts'
import { pageAfter } from '../shared/id-pages.ts'
import { plainPlan } from '../shared/plain-plan.ts'
import { type HeldKey, holdersPlan, type UniqueConstraint } from '../shared/unique-constraints.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Documents per read. */
export const PAGE = 1000
/** Keys and documents of a key that are named. */
const MAX_NAMED = 20

/** Documents that share a unique key which was declared when they existed, or that were restored. */
export interface Duplicates {
  _class: string
  fields: readonly string[]
  /** Keys that several documents hold. */
  keys: number
  /** Ids of documents of some of these keys. */
  documents: (readonly string[])[]
}

/**
 * Reads all documents of a constraint, page by page, and takes turns with other work. It keeps 48 bits of each key in
 * memory, and asks storage about those that it has seen before.
 * @returns the number of documents, and the duplicates if there are any
 */
export async function findDuplicates(
  workspace: Workspace,
  constraint: UniqueConstraint,
  stop: AbortSignal,
): Promise<{ scanned: number; duplicates: Duplicates | undefined }> {
  const { _class, fields, condition, domain } = constraint
  const seen = new Set<number>()
  const suspects = new Map<string, HeldKey>()
  let scanned = 0
  for (let after: string | undefined; ;) {
    stop.throwIfAborted()
    const page = await pageAfter(workspace, { domain, condition }, { after, limit: PAGE })
    for (const doc of page) {
      const key = constraint.keyOf(doc)
      if (key === undefined) continue
      const hash = hashOf(key)
      if (seen.has(hash)) suspects.set(key.text, key)
      seen.add(hash)
    }
    scanned += page.length
    after = page.at(-1)?._id
    if (page.length < PAGE) break
    await workspace.turns.pause(workspace.id)
  }
  const documents: (readonly string[])[] = []
  let keys = 0
  for (const key of suspects.values()) {
    stop.throwIfAborted()
    const holders = await holdersOf(workspace, constraint, key)
    if (holders.length < 2) continue
    keys += 1
    if (documents.length < MAX_NAMED) documents.push(holders)
  }
  return { scanned, duplicates: keys === 0 ? undefined : { _class, fields, keys, documents } }
}

async function holdersOf(
  { storage, model }: Workspace,
  constraint: UniqueConstraint,
  key: HeldKey,
): Promise<string[]> {
  if (constraint.domain === domains.model) {
    const holders = [...model.documents()].filter((doc) => constraint.keyOf(doc)?.text === key.text)
    return holders.slice(0, MAX_NAMED).map(({ _id }) => _id)
  }
  const plan = holdersPlan(constraint, key)
  const found = await storage.find({ ...plainPlan(plan.domain, plan.condition), limit: MAX_NAMED })
  return found.map(({ _id }) => _id)
}

function hashOf({ text }: HeldKey): number {
  return createHash('sha1').update(text).digest().readUIntBE(0, 6)
}
