import { LRUCache } from 'lru-cache'
import type { FindPlan } from '../../../model/query/plan.ts'
import { isPage, type Page, type PreparedPage, preparePage, readPage } from './find.ts'
import { Handles } from './handles.ts'
import type { Registered } from './worker-thread.ts'
import type { WorkspaceFile } from './workspace-file.ts'

/**
 * Milliseconds a read may hold up the event loop. After so many in a row that took longer, its like go to a reader
 * for a while; one alone may be the machine's fault.
 */
const TOO_LONG = 4
const TOO_OFTEN = 3
const DISTRUSTED_FOR = 60_000
const SLOW_SHAPES = 10_000

/**
 * Reads that touch few rows, on the event loop: to cross to a reader's thread and back costs the event loop alone
 * as much as to read a page (`docs/performance.md`). What can't be answered so, for whatever reason, is left to a
 * reader: it tells errors as they are, and waits where there is something to wait for.
 */
export class ShortReads {
  readonly #handles: Handles
  readonly #attached = new Map<number, Registered['attachment']>()
  /** How often in a row, by workspace and shape of the plan. */
  readonly #slow = new LRUCache<string, number>({ max: SLOW_SHAPES, ttl: DISTRUSTED_FOR })
  readonly #now: () => number

  constructor(options: { maxOpenFiles: number; now?: () => number }) {
    this.#handles = new Handles({ maxOpenFiles: options.maxOpenFiles, readOnly: true, impatient: true })
    this.#now = options.now ?? (() => performance.now())
  }

  page(registered: Registered, plan: FindPlan): Page | undefined {
    if (!isPage(plan)) return undefined
    const file = this.#file(registered)
    if (file === undefined) return undefined
    const page = preparePage(file, plan)
    if (page === undefined || !page.prepared.isShort) return undefined
    const key = `${registered.workspace} ${page.shape.key}`
    const slow = this.#slow.size === 0 ? 0 : (this.#slow.get(key) ?? 0)
    return slow < TOO_OFTEN ? this.#read(file, page, key, slow) : undefined
  }

  release({ workspace }: Registered): void {
    this.#attached.delete(workspace)
    this.#handles.release(workspace)
  }

  #read(file: WorkspaceFile, page: PreparedPage, key: string, slow: number): Page | undefined {
    const started = this.#now()
    const found = readPage(file, page)
    if (this.#now() - started > TOO_LONG) this.#slow.set(key, slow + 1)
    else if (slow > 0) this.#slow.delete(key)
    return found
  }

  #file({ workspace, attachment }: Registered): WorkspaceFile | undefined {
    try {
      if (this.#attached.get(workspace) !== attachment) {
        this.#attached.set(workspace, attachment)
        this.#handles.attach(workspace, attachment)
      }
      return this.#handles.file(workspace)
    } catch {
      return undefined
    }
  }
}
