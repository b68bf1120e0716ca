import {
  type Absent,
  type Prefetch,
  type Prefetched,
  StorageError,
  type StorageSchema,
} from '../../contract.ts'
import type { CallOf, CommitParams, Opened, ResultOf, WriteMethods } from './worker-protocol.ts'
import { type JsonText, jsonText } from '../../shared/json-text.ts'
import { createFile } from '../file/database.ts'
import {
  cleanDocuments,
  hasDocument,
  putDocuments,
  readDocuments,
  removeDocuments,
  uploadDocuments,
} from '../file/documents.ts'
import { toFailure } from '../file/failure.ts'
import type { Handles } from './handles.ts'
import {
  appendEntries,
  hasDerived,
  hasRequest,
  lastSequence,
  readResults,
  restoreOrder,
} from '../file/log.ts'
import { entryId, type Row } from '../sql/row.ts'
import { applySchema, keptSchema } from '../file/schema.ts'
import { forgetSearch, prepareSearch } from '../file/search-index.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

type FileWrite = 'prefetch' | 'commit' | 'upload' | 'clean'

/** Calls of a writer that need only the open file. */
export const fileWrites: {
  [M in FileWrite & keyof WriteMethods]: (file: WorkspaceFile, call: CallOf<M>) => ResultOf<M>
} = {
  prefetch: (file, { request }) => prefetch(file, request),
  commit: (file, params) => commit(file, params),
  upload: (file, upload) => write(file, () => uploadDocuments(file, upload)),
  clean: (file, { domain, ids }) => write(file, () => cleanDocuments(file, domain, ids)),
}

/** Creates the file of a new workspace, and applies the declared schema to an existing one. */
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

export function changeSchema(handles: Handles, workspace: number, schema: StorageSchema): undefined {
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

function commit(file: WorkspaceFile, { absent, entries, puts, removes }: CommitParams): undefined {
  const fresh = new Map(absent?.documents.map(({ domain, ids }) => [domain, new Set(ids)]))
  try {
    write(file, () => {
      if (absent !== undefined) requireAbsent(file, absent, entries)
      appendEntries(file, entries)
      putDocuments(file, puts, (domain, id) => fresh.get(domain)?.has(id) === true)
      removeDocuments(file, removes)
    })
  } catch (error) {
    const isKnown = absent !== undefined && toFailure(error).code === 'conflict'
    if (isKnown && hasRequest(file, absent.requests)) throw notNew(error)
    throw error
  }
}

/** Transactions of the batch itself are not looked up: the log rejects duplicates. */
function requireAbsent(file: WorkspaceFile, { requests, documents }: Absent, entries: readonly Row[]): void {
  const own = new Set(entries.map(entryId))
  const others = requests.filter((id) => !own.has(id))
  const isThere =
    documents.some(({ domain, ids }) => hasDocument(file, domain, ids)) ||
    hasDerived(file, requests) ||
    hasRequest(file, others)
  if (isThere) throw notNew()
}

function notNew(cause?: unknown): StorageError {
  return new StorageError('exists', 'the batch assumed something to be new that exists', { cause })
}

function prefetch(file: WorkspaceFile, { requests, documents }: Prefetch): JsonText<Prefetched> {
  const groups = documents.map(({ domain, ids }) => {
    return `{"domain":${JSON.stringify(domain)},"docs":[${readDocuments(file, domain, ids).join(',')}]}`
  })
  return jsonText(`{"requests":${readResults(file, requests)},"documents":[${groups.join(',')}]}`)
}
