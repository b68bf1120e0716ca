import { StorageError, type StorageErrorCode, type WorkspaceStorage } from '../../storage/contract.ts'
import type { Group, Waiting } from './staging.ts'

/** Failures of storage that can be read from all the same. */
const readable: ReadonlySet<StorageErrorCode> = new Set(['full', 'read-only', 'too-large'])

/**
 * Refuses the requests of a group that was not committed. What was sent again may have been committed before, of which the
 * failure says nothing: it is answered as it was.
 *
 * @returns what was taken for new and is not, to be staged again
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
