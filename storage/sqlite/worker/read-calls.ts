import type { DocumentPage } from '../../contract.ts'
import type { ReadCall } from './worker-protocol.ts'
import { listDocuments, readDocuments } from '../file/documents.ts'
import { find, findPage } from '../reads/find.ts'
import { readEntries } from '../file/log.ts'
import { search } from '../reads/search.ts'
import { storedClasses } from '../file/stored-classes.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'

export type SingleReadCall = Exclude<ReadCall, { read: number } | { method: 'findEncoded' | 'beginScan' }>

export function performRead(file: WorkspaceFile, call: SingleReadCall): unknown {
  switch (call.method) {
    case 'find': {
      const page = findPage(file, call.plan)
      if (page !== undefined) return `{"total":-1,"docs":[${page.text}]}`
      const { rows, total } = find(file, call.plan)
      return `{"total":${total},"docs":[${rows.join(',')}]}`
    }
    case 'get':
      return `[${readDocuments(file, call.domain, call.ids).join(',')}]`
    case 'readLog':
      return readEntries(file, call)
    case 'search':
      return JSON.stringify(search(file, call.request))
    case 'storedClasses':
      return JSON.stringify(storedClasses(file))
    case 'list':
      return JSON.stringify(pageOf(file, call))
  }
}

function pageOf(file: WorkspaceFile, call: Extract<ReadCall, { method: 'list' }>): DocumentPage {
  const { docs, finished } = listDocuments(file, call)
  const cursor = docs.at(-1)?.id
  return finished || cursor === undefined ? { docs } : { docs, cursor }
}
