import type { Doc, Domain } from '../../../model/documents.ts'
import { StatusError } from '../../../model/status.ts'
import type { Documents, Put, Remove } from './documents.ts'
import {
  applyEntry,
  changedId,
  documentOf,
  isRemoval,
  storedDocument,
  type StoredEntry,
  transactionOf,
} from '../log/stored-document.ts'

/** A document after the replay. */
interface Replayed {
  domain: Domain
  id: string
  doc: Doc | undefined
  stamp: number
  /** The last entry that removes it; 0 if there is none. */
  removedBy: number
  isChanged: boolean
}

export interface ReplayOptions {
  documents: Documents
  /** The difference between a stamp and `seq`. */
  offset: number
  /** Reports an entry that cannot be applied, because the documents do not match the log. */
  skipped: (fields: Record<string, unknown>) => void
}

/** The documents that the entries change. */
export function changedDocuments(entries: readonly StoredEntry[]): { domain: Domain; id: string }[] {
  return entries.flatMap((entry) => {
    const [domain, id] = [entry['%domain'], changedId(transactionOf(entry))]
    return domain === undefined || id === undefined ? [] : [{ domain, id }]
  })
}

/**
 * Writes the documents of entries that may not have been written. Idempotent, also if two owners do it concurrently.
 */
export async function replay(entries: readonly StoredEntry[], options: ReplayOptions): Promise<void> {
  const replayed = await readAll(entries, options.documents)
  for (const entry of entries) {
    const [target] = changedDocuments([entry])
    const before = target === undefined ? undefined : replayed.get(nameOf(target))
    if (before !== undefined) applyTo(before, entry, options)
  }
  const changed = [...replayed.values()].filter(({ isChanged }) => isChanged)
  await options.documents.write(changed.flatMap(putOf), changed.flatMap(removeOf))
}

async function readAll(
  entries: readonly StoredEntry[],
  documents: Documents,
): Promise<Map<string, Replayed>> {
  const replayed = new Map<string, Replayed>()
  for (const entry of entries) {
    for (const target of changedDocuments([entry])) {
      const name = nameOf(target)
      const known = replayed.get(name) ?? {
        ...target,
        doc: undefined,
        stamp: 0,
        removedBy: 0,
        isChanged: false,
      }
      if (isRemoval(transactionOf(entry))) known.removedBy = entry._id
      replayed.set(name, known)
    }
  }
  const targets = [...replayed.values()]
  const reads = [...new Set(targets.map(({ domain }) => domain))].map(async (domain) => {
    const ids = targets.filter((target) => target.domain === domain).map(({ id }) => id)
    for (const stored of await documents.readStored(domain, ids)) {
      const known = replayed.get(nameOf({ domain, id: stored._id }))
      if (known === undefined) continue
      known.stamp = stored['%stamp']
      known.doc = documentOf(stored)[0]
    }
  })
  await Promise.all(reads)
  return replayed
}

function applyTo(before: Replayed, entry: StoredEntry, { offset, skipped }: ReplayOptions): void {
  const stamp = offset + entry['%last']
  // The stamp is that of the group's last entry, so that the entries of one group are applied together.
  if (stamp < before.stamp || (stamp === before.stamp && !before.isChanged)) return
  try {
    before.doc = applyEntry(before.doc, transactionOf(entry))
  } catch (error) {
    // After a removal was written, earlier entries cannot be applied.
    if (!isNotFound(error) || entry._id > before.removedBy) skipped({ err: error, seq: entry._id })
  }
  before.stamp = stamp
  before.isChanged = true
}

function isNotFound(error: unknown): boolean {
  return error instanceof StatusError && error.status.code === 'core:status:ObjectNotFound'
}

function putOf({ domain, doc, stamp }: Replayed): Put[] {
  return doc === undefined ? [] : [{ domain, document: storedDocument(doc, stamp) }]
}

function removeOf({ domain, id, doc, stamp }: Replayed): Remove[] {
  return doc === undefined ? [{ domain, id, stamp }] : []
}

function nameOf({ domain, id }: { domain: Domain; id: string }): string {
  return JSON.stringify([domain, id])
}
