import { join } from 'node:path'
import { boardModel } from '../../examples/board/model.ts'
import { baseModel } from '../../model/base-model.ts'
import type { Doc, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCreateDoc } from '../../model/transactions.ts'
import type { CommitBatch, Storage } from '../../storage/contract.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { storageSchema } from '../../pipeline/shared/storage-schema.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { project, PROJECTS, task } from './tasks.ts'

const BATCH = 2000

export interface Populated {
  /** Projects are private. The author is no member of half of them. */
  isPrivate?: boolean
}

/** A workspace in SQLite storage with that many tasks, each with its entry in the log, written without a server. */
export async function populate(
  data: string,
  workspace: string,
  tasks: number,
  how: Populated = {},
): Promise<void> {
  await populateStorage(createSqliteStorage({ directory: join(data, 'workspaces') }), workspace, tasks, how)
}

/** The same in any storage, which is closed afterwards. */
export async function populateStorage(
  storage: Storage,
  workspace: string,
  tasks: number,
  { isPrivate = false }: Populated = {},
): Promise<void> {
  const schema = storageSchema(WorkspaceModel.of([...baseModel, ...boardModel]).hierarchy)
  try {
    const opened = await storage.openWorkspace(workspace, schema)
    const docs = documents(tasks, isPrivate)
    for (let at = 0; at < docs.length; at += BATCH) await opened.commit(batch(docs.slice(at, at + BATCH), at))
    // The full-text index catches up now, so that it does not do so during a measurement.
    await opened.search({ text: 'search', limit: 1 })
  } finally {
    await storage.close()
  }
}

function documents(tasks: number, isPrivate: boolean): { domain: string; doc: Doc }[] {
  const projects = Array.from({ length: PROJECTS }, (_, at) => ({
    domain: 'space',
    doc: project(at, isPrivate),
  }))
  const hidden = projects.map(({ domain, doc }) => ({
    domain,
    doc: { ...doc, _id: `${doc._id} of others` as Ref, members: [] },
  }))
  return [
    ...projects,
    ...(isPrivate ? hidden : []),
    ...Array.from({ length: tasks }, (_, at) => ({ domain: 'task', doc: task(at) })),
  ]
}

function batch(puts: CommitBatch['puts'], after: number): CommitBatch {
  const entries = puts.map(({ doc }, at) => {
    const tx = creation(doc)
    return { seq: after + at + 1, tx, request: tx._id }
  })
  return { entries, puts, removes: [] }
}

function creation(doc: Doc): TxCreateDoc {
  const { _id: objectId, _class: objectClass, space: objectSpace, ...attributes } = doc
  const { modifiedBy, modifiedOn } = doc
  return {
    _id: `tx-${objectId}` as TxCreateDoc['_id'],
    _class: core.class.TxCreateDoc,
    space: core.space.Tx,
    objectId,
    objectClass,
    objectSpace,
    attributes,
    modifiedBy,
    modifiedOn,
  }
}
