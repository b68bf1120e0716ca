import { join } from 'node:path'
import { boardModel } from '../../examples/board/model.ts'
import { baseModel } from '../../model/base-model.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { TxCreateDoc } from '../../model/transactions.ts'
import type { CommitBatch } from '../../pipeline/storage/contract.ts'
import { createEmbeddedStorage } from '../../pipeline/storage/embedded/storage.ts'
import { storageSchema } from '../../pipeline/storage-schema.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { project, PROJECTS, task } from './tasks.ts'

const BATCH = 2000

/** A workspace with that many tasks, each with its entry in the log, made without a server. */
export async function populate(data: string, workspace: string, tasks: number): Promise<void> {
  const schema = storageSchema(WorkspaceModel.of([...baseModel, ...boardModel]).hierarchy)
  const storage = createEmbeddedStorage({ directory: join(data, 'workspaces') })
  try {
    const opened = await storage.openWorkspace(workspace, schema)
    const docs = documents(tasks)
    for (let at = 0; at < docs.length; at += BATCH) await opened.commit(batch(docs.slice(at, at + BATCH), at))
    // Full-text search takes in what it was behind: it shall not do so while something else is measured.
    await opened.search({ text: 'search', limit: 1 })
  } finally {
    await storage.close()
  }
}

function documents(tasks: number): { domain: string; doc: Doc }[] {
  const projects = Array.from({ length: PROJECTS }, (_, at) => ({ domain: 'space', doc: project(at) }))
  return [...projects, ...Array.from({ length: tasks }, (_, at) => ({ domain: 'task', doc: task(at) }))]
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
