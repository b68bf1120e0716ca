import type { CommitBatch, Storage, WorkspaceStorage } from '../../storage/contract.ts'

/** Storage whose workspaces a test wraps as they are opened. */
export function interceptedStorage(
  storage: Storage,
  change: (workspace: WorkspaceStorage) => WorkspaceStorage,
): Storage {
  return {
    name: storage.name,
    close: () => storage.close(),
    openWorkspace: async (id, schema) => change(await storage.openWorkspace(id, schema)),
  }
}

/** Storage whose commits a test can intercept. */
export function aroundCommits(
  storage: Storage,
  around: (batch: CommitBatch, commit: WorkspaceStorage['commit']) => Promise<void>,
): Storage {
  return interceptedStorage(storage, (workspace) => {
    const commit = workspace.commit.bind(workspace)
    return Object.assign(workspace, { commit: (batch: CommitBatch) => around(batch, commit) })
  })
}
