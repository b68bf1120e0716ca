import type { Collection } from 'mongodb'
import { StorageError } from '../../storage/contract.ts'
import { isTemporary } from '../../storage/mongodb/driver/failure.ts'
import { Log } from '../../storage/mongodb/log/log.ts'
import type { Tail } from '../../storage/mongodb/log/log-reads.ts'
import { type StoredEntry, storedEntry } from '../../storage/mongodb/log/stored-document.ts'
import { entry } from '../../storage/testing/fixture.ts'

/** The history of an owner of a log. */
export interface Life {
  name: string
  /** Ids that it found when it took over. */
  found: string[] | undefined
  /** Acknowledged groups, by the position of their first entry. */
  acknowledged: { first: number; ids: readonly string[] }[]
  /** Groups that were reported as not committed. */
  refused: string[][]
  isLost: boolean
}

/** Maximum attempts of an owner to commit a group whose outcome is unknown. */
const MOST_TRIES = 4

/** Opens a log, commits groups one after another like the committer, and closes it. */
export async function live(
  collection: Collection<StoredEntry>,
  groups: readonly (readonly string[])[],
  life: Life,
): Promise<void> {
  const log = new Log(collection)
  const tail = await persistently(() => log.takeOver())
  life.found = await persistently(() => idsOf(log, tail))
  log.advance(tail.lastSeq)
  for (const ids of groups) {
    const wanted = ids.filter((id) => life.found?.includes(id) !== true)
    if (wanted.length > 0 && !(await commit(log, wanted, life))) return
  }
  await persistently(() => log.seal())
}

async function idsOf(log: Log, { lastSeq }: Tail): Promise<string[]> {
  return (await log.stored({ projected: 0, lastSeq })).map(({ tx }) => tx._id)
}

async function commit(log: Log, ids: readonly string[], life: Life): Promise<boolean> {
  const first = log.lastSeq + 1
  const place = { owner: log.owner, projected: log.lastSeq, first, last: log.lastSeq + ids.length }
  const entries = ids.map((_id, index) => storedEntry(entry(first + index, { _id }, { request: _id }), place))
  try {
    await persistently(async (attempt) => {
      if (attempt > 0) {
        await log.takeOver()
        if (await log.has(entries)) return
      }
      await log.append(entries)
    })
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    if (log.isLost) life.isLost = true
    else life.refused.push([...ids])
    return false
  }
  life.acknowledged.push({ first, ids })
  log.advance(log.lastSeq + ids.length)
  return true
}

async function persistently<T>(action: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await action(attempt)
    } catch (error) {
      if (!isTemporary(error) || attempt === MOST_TRIES) throw error
    }
  }
}
