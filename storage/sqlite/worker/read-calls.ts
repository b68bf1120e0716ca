import type { DocumentPage } from '../../contract.ts'
import { arrayText, jsonText, toJson } from '../../shared/json-text.ts'
import type { CallOf, ReadMethods, ResultOf } from './worker-protocol.ts'
import { listDocuments, readDocuments } from '../file/documents.ts'
import { find, findPage } from '../reads/find.ts'
import { readEntries } from '../file/log.ts'
import { search } from '../reads/search.ts'
import { storedClasses } from '../file/stored-classes.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

type SingleRead = 'find' | 'get' | 'readLog' | 'search' | 'storedClasses' | 'list'

/** Reads that take one request. */
export const singleReads: {
  [M in SingleRead & keyof ReadMethods]: (file: WorkspaceFile, call: CallOf<M>) => ResultOf<M>
} = {
  find: (file, { plan }) => {
    const page = findPage(file, plan)
    if (page !== undefined) return jsonText(`{"total":-1,"docs":[${page.text}]}`)
    const { rows, total } = find(file, plan)
    return jsonText(`{"total":${total},"docs":[${rows.join(',')}]}`)
  },
  get: (file, { domain, ids }) => arrayText(readDocuments(file, domain, ids)),
  readLog: (file, request) => readEntries(file, request),
  search: (file, { request }) => toJson(search(file, request)),
  storedClasses: (file) => toJson(storedClasses(file)),
  list: (file, request) => toJson(pageOf(file, request)),
}

function pageOf(file: WorkspaceFile, request: CallOf<'list'>): DocumentPage {
  const { docs, finished } = listDocuments(file, request)
  const cursor = docs.at(-1)?.id
  return finished || cursor === undefined ? { docs } : { docs, cursor }
}
