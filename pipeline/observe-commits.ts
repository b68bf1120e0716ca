import type { TxCUD } from '../model/transactions.ts'
import type { CommitObserver } from './commit/commit-observer.ts'
import { indexedAnew } from './search-updates/indexed-anew.ts'
import { indexedBy } from './search-updates/indexed-documents.ts'
import { readSpaces } from './permissions/read-spaces.ts'
import { securityEvents } from './workspace/security-events.ts'
import { storageSchema } from './shared/storage-schema.ts'
import type { Schedules } from './schedules/schedules.ts'
import type { AsyncTriggers } from './triggers/async-triggers.ts'
import type { Workspace } from './workspace/workspace.ts'
import type { WorkspaceListener } from './push/workspace-listener.ts'

/** The effects of a commit: on triggers, jobs, spaces, the storage schema and listeners. */
export function observeCommits(
  listener: WorkspaceListener,
  workspace: Workspace,
  triggers: AsyncTriggers,
  schedules: Schedules,
): CommitObserver {
  const { id, logger, model, permissions, storage } = workspace
  let { version } = model
  let schema = storageSchema(model.hierarchy)
  const tellIndexed = (entries: readonly { tx: TxCUD }[]) => {
    if (listener.indexed === undefined) return
    const txes = entries.map(({ tx }) => tx)
    listener.indexed(indexedBy(model.hierarchy, permissions, txes))
  }
  return {
    committed: (pushes) => {
      // In place: every commit passes here.
      for (const push of pushes) push.audience = permissions.narrowed(push.audience)
      listener.committed(pushes)
    },
    changed: (batch) => {
      if (batch.entries.length > 0) listener.logged?.(batch.entries.length)
      triggers.committed(batch.entries)
      schedules.committed(batch.entries)
      workspace.settings.changed(batch.puts)
      const events = securityEvents(workspace, batch)
      tellIndexed(batch.entries)
      return events
    },
    recovered: async (entries) => {
      triggers.fellBehind()
      await readSpaces(storage, model, permissions)
      tellIndexed(entries)
      return entries.map(({ seq, tx }) => ({ seq, tx, audience: permissions.audienceOfLogEntry(tx) }))
    },
    modelChanged: async () => {
      if (model.version === version) return
      version = model.version
      // The transaction is durable. Without its schema, storage is slower but correct.
      try {
        const next = storageSchema(model.hierarchy)
        await storage.applySchema(next)
        listener.indexed?.(indexedAnew(model.hierarchy, schema, next))
        schema = next
      } catch (error) {
        logger.error({ err: error, workspace: id }, 'the storage schema could not be updated')
      }
    },
    failed: (error) => {
      logger.error({ err: error, workspace: id }, 'a commit failed')
    },
  }
}
