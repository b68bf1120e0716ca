import type { Doc, Domain } from '../../../model/documents.ts'
import { StorageError } from '../../contract.ts'
import { arrayText, type JsonText, toJson } from '../../shared/json-text.ts'
import {
  busy,
  type CallOf,
  type FoundParts,
  type NextPart,
  type ScanPage,
  type ScanStarted,
} from './worker-protocol.ts'
import { FileScan } from '../reads/domain-scan.ts'
import type { Handles } from './handles.ts'
import { findParts, findEncodedPage, LongFind } from '../reads/long-find.ts'

/** Reads of a thread that take several requests. Each has its own connection and snapshot. */
export class LongReadCalls {
  readonly #handles: Handles
  readonly #most: number
  readonly #open = new Map<number, { workspace: number; read: LongFind | FileScan }>()
  #last = 0

  constructor(handles: Handles, most: number) {
    this.#handles = handles
    this.#most = most
  }

  findEncoded(workspace: number, { plan, limits }: CallOf<'findEncoded'>): FoundParts | typeof busy {
    const file = this.#handles.file(workspace)
    const short = findEncodedPage(file, plan, limits)
    if (short !== undefined) return short
    let goesOn = false
    return file.snapshot(
      () => {
        const found = findParts(file, plan, limits)
        if (!(found instanceof LongFind)) return found
        const { part, final } = found.next()
        const { total } = found
        if (final) return { parts: part === '' ? [] : [part], total }
        if (this.#open.size >= this.#most) return busy
        goesOn = true
        return { parts: [part], total, read: this.#keep(workspace, found) }
      },
      () => goesOn,
    )
  }

  nextPart(id: number): NextPart {
    const { part, final } = this.#read(id, LongFind).next()
    if (final) this.close(id)
    return { parts: [part], final }
  }

  beginScan(workspace: number, domain: Domain): ScanStarted | typeof busy {
    if (this.#open.size >= this.#most) return busy
    const file = this.#handles.file(workspace)
    const scan = file.snapshot(
      () => new FileScan(file, domain),
      () => true,
    )
    return { read: this.#keep(workspace, scan), seq: scan.seq }
  }

  nextScanPage(id: number, byteLimit: number): JsonText<ScanPage> {
    return toJson(this.#read(id, FileScan).next(byteLimit))
  }

  getInScan(id: number, ids: readonly string[]): JsonText<Doc[]> {
    return arrayText(this.#read(id, FileScan).get(ids))
  }

  /** Idempotent. */
  close(id: number): undefined {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.read.close()
  }

  release(workspace: number): void {
    for (const [id, open] of this.#open) if (open.workspace === workspace) this.close(id)
  }

  #read<T extends LongFind | FileScan>(id: number, kind: new (...args: never[]) => T): T {
    const { read } = this.#open.get(id) ?? {}
    if (read instanceof kind) return read
    throw new StorageError('closed', 'the read has ended')
  }

  #keep(workspace: number, read: LongFind | FileScan): number {
    this.#handles.take(workspace)
    this.#last += 1
    this.#open.set(this.#last, { workspace, read })
    return this.#last
  }
}
