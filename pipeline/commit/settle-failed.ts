import { StorageError, type StorageErrorCode, type WorkspaceStorage } from '../../storage/contract.ts'
import type { Group, Waiting } from './staging.ts'

/** Failures after which storage is still readable. */
const readable: ReadonlySet<StorageErrorCode> = new Set(['full', 'read-only', 'too-large'])

/**
 * Rejects the requests of a group that failed. A request that was already committed before, and sent again, gets its
 * first result.
 * @returns requests that were wrongly assumed to be new, which are staged again
 */
export async function settleFailed(
  group: Group,
  error: unknown,
  storage: WorkspaceStorage,
): Promise<Waiting[]> {
  const isReadable = error instanceof StorageError && readable.has(error.code)
  const known = isReadable ? await committedBefore(group, storage) : new Set()
  const again: Waiting[] = []
  for (const { waiting, result } of group.staged.splice(0)) {
    const { _id } = waiting.tx
    if (!known.has(_id)) waiting.reject(error)
    else if (group.state.hasEntriesOf(_id)) again.push(waiting)
    else waiting.resolve(result)
  }
  return again
}

async function committedBefore({ staged }: Group, storage: WorkspaceStorage): Promise<Set<string>> {
  try {
    const ids = staged.map(({ waiting }) => waiting.tx._id)
    const { requests } = await storage.prefetch({ requests: ids, documents: [] })
    return new Set(requests.map(({ id }) => id))
  } catch {
    return new Set()
  }
}
