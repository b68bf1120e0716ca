import { expect } from 'expect'
import { baseModel } from '../../model/base-model.ts'
import { boardModel } from '../../examples/board/model.ts'
import type { Doc } from '../../model/documents.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import type { LogEntry, WorkspaceStorage } from '../../storage/contract.ts'
import { storageSchema } from '../../pipeline/shared/storage-schema.ts'
import type { Backend } from './backend.ts'
import { checkCounters, checkOnce, CLASSES } from './check-log.ts'
import { ofClasses, replay } from './replay.ts'
import { loggedIds } from './transactions.ts'
import type { Writer } from './writer.ts'
import { pushAll } from '../../model/push-all.ts'

const PAGE = 1000

const schema = storageSchema(WorkspaceModel.of([...baseModel, ...boardModel]).hierarchy)

/**
 * In the storage itself, without a server: seq has no gap, each transaction exists once, and documents equal the
 * replayed log.
 */
export async function checkStorage(
  backend: Backend,
  workspace: string,
  writers: readonly Writer[],
): Promise<void> {
  const storage = backend.open()
  try {
    const opened = await storage.openWorkspace(workspace, schema)
    const entries = await readAll(opened)
    // Seq has no gap.
    expect(entries.map(({ seq }) => seq)).toStrictEqual(entries.map((_, at) => at + 1))
    expect(opened.lastSeq).toBe(entries.length)
    checkOnce(
      entries.map(({ tx }) => tx._id),
      writers.flatMap(({ sent }) => sent.flatMap(loggedIds)),
      'in the storage',
    )
    const documents = ofClasses(await storedDocuments(opened), CLASSES)
    // The log replayed.
    expect(documents).toStrictEqual(ofClasses(replay(entries.map(({ tx }) => tx)).values(), CLASSES))
    checkCounters(documents)
  } finally {
    await storage.close()
  }
}

/** The whole log of a storage that no server has open. */
export async function readStoredLog(backend: Backend, workspace: string): Promise<LogEntry[]> {
  const storage = backend.open()
  try {
    return await readAll(await storage.openWorkspace(workspace, schema))
  } finally {
    await storage.close()
  }
}

async function readAll(storage: WorkspaceStorage): Promise<LogEntry[]> {
  const entries: LogEntry[] = []
  for (;;) {
    const page = await storage.readLog({ after: entries.at(-1)?.seq ?? 0, limit: PAGE })
    pushAll(entries, page)
    if (page.length < PAGE) return entries
  }
}

async function storedDocuments(storage: WorkspaceStorage): Promise<Doc[]> {
  const plans = schema.domains.map(({ domain }) => {
    return storage.find({
      domain,
      condition: { op: 'all-of', conditions: [] },
      sort: [],
      total: false,
      lookups: [],
    })
  })
  return (await Promise.all(plans)).flat()
}
