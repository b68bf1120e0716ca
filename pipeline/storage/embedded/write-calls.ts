import { type Absent, type Prefetch, StorageError, type StorageSchema } from '../contract.ts'
import type { Opened, WriteCall } from './calls.ts'
import { createFile } from './database.ts'
import {
  cleanDocuments,
  hasDocument,
  putDocuments,
  readDocuments,
  removeDocuments,
  uploadDocuments,
} from './documents.ts'
import type { Handles } from './handles.ts'
import { appendEntries, hasRequest, lastSequence, readResults, restoreOrder } from './log.ts'
import { applySchema, keptSchema } from './schema.ts'
import { forgetSearch, prepareSearch } from './search-index.ts'
import type { WorkspaceFile } from './workspace-file.ts'

export type FileCall = Exclude<WriteCall, { method: 'open' | 'applySchema' | 'catchUp' }>

export function answerWrite(file: WorkspaceFile, call: FileCall): unknown {
  switch (call.method) {
    case 'prefetch':
      return prefetch(file, call.request)
    case 'commit':
      return write(file, () => {
        if (call.absent !== undefined) requireAbsent(file, call.absent)
        appendEntries(file, call.entries)
        putDocuments(file, call.puts)
        removeDocuments(file, call.removes)
      })
    case 'upload':
      return write(file, () => {
        uploadDocuments(file, call)
      })
    case 'clean':
      return write(file, () => {
        cleanDocuments(file, call.domain, call.ids)
      })
  }
}

/** Creates the file of a new workspace, and brings an older one up to what is declared. */
export function openFile(handles: Handles, workspace: number): Opened {
  const attachment = handles.attachment(workspace)
  createFile(attachment.file)
  const file = handles.file(workspace)
  const schema = keptSchema(file, attachment.schema)
  if (file.meta('restored') !== undefined) {
    forgetSearch(file)
    restoreOrder(file)
  }
  changeSchema(handles, workspace, schema)
  return { epoch: file.meta('epoch') ?? '', lastSeq: lastSequence(file), schema }
}

export function changeSchema(handles: Handles, workspace: number, schema: StorageSchema): void {
  const file = handles.file(workspace)
  applySchema(file, schema)
  prepareSearch(file)
  handles.attach(workspace, { ...handles.attachment(workspace), schema })
}

function write(file: WorkspaceFile, change: () => void): undefined {
  try {
    file.transaction('immediate', change)
  } catch (error) {
    file.forgetTables()
    throw error
  }
}

/** A transaction's own id need not be looked for: the log has each once, and says so. */
function requireAbsent(file: WorkspaceFile, { requests, documents }: Absent): void {
  const found = documents.some(({ domain, ids }) => hasDocument(file, domain, ids))
  if (found || hasRequest(file, requests)) throw new StorageError('exists', 'not all of it is new')
}

function prefetch(file: WorkspaceFile, { requests, documents }: Prefetch): string {
  const groups = documents.map(({ domain, ids }) => {
    return `{"domain":${JSON.stringify(domain)},"docs":[${readDocuments(file, domain, ids).join(',')}]}`
  })
  return `{"requests":${readResults(file, requests)},"documents":[${groups.join(',')}]}`
}
