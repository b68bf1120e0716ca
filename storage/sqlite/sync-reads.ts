import { LRUCache } from 'lru-cache'
import type { FindPlan } from '../../model/query/plan.ts'
import { isPage, type Page, type PreparedPage, preparePage, readPage } from './reads/find.ts'
import { Handles } from './worker/handles.ts'
import type { Registered } from './worker/running-worker.ts'
import type { WorkspaceFile } from './file/workspace-file.ts'

/**
 * Maximum time that a read may block the event loop, in milliseconds. After several slow reads in a row, reads of
 * that shape go to a reader thread for a while, and for twice as long after the next slow one. A single slow read may
 * have another cause.
 */
const TOO_LONG = 4
const TOO_OFTEN = 3
/** A read is stopped after this time, in milliseconds, and runs on a reader thread. */
const LONGEST = 8
/** The same for the bytes of its large documents. */
const MOST_BYTES = 1024 * 1024
/** The same for a condition over one row: some 2 ms. */
const MOST_STEPS = 100_000
const FIRST_DISTRUST = 1000
const LONGEST_DISTRUST = 60_000
const SLOW_SHAPES = 10_000

/** Consecutive slow reads of one shape, and the time until which they go to a reader. */
interface Slow {
  count: number
  until: number
}

/**
 * Reads of few rows on the event loop: sending a call to a reader thread and back costs the event loop as much as
 * reading a page (`docs/performance.md`). Anything else goes to a reader, which reports errors and waits for locks.
 */
export class SyncReads {
  readonly #handles: Handles
  readonly #attached = new Map<number, Registered['attachment']>()
  /** By workspace and query shape. */
  readonly #slow = new LRUCache<string, Slow>({ max: SLOW_SHAPES })
  readonly #now: () => number
  /** When the read that runs is stopped. */
  #until = 0
  /** The bytes of its large documents so far. */
  #bytes = 0

  constructor(options: { maxOpenFiles: number; now?: () => number }) {
    this.#handles = new Handles({
      maxOpenFiles: options.maxOpenFiles,
      readOnly: true,
      impatient: true,
      rowSteps: MOST_STEPS,
      checkpoint: () => {
        if (this.#now() > this.#until) throw new Error('too long for the event loop')
      },
      weigh: (bytes) => {
        this.#bytes += bytes
        if (this.#bytes > MOST_BYTES) throw new Error('too large for the event loop')
      },
    })
    this.#now = options.now ?? (() => performance.now())
  }

  page(registered: Registered, plan: FindPlan): Page | undefined {
    if (!isPage(plan)) return undefined
    const file = this.#file(registered)
    if (file === undefined) return undefined
    const page = preparePage(file, plan)
    if (page === undefined || !page.prepared.readsFewRows) return undefined
    const key = `${registered.workspace} ${page.shape.key}`
    const slow = this.#slow.size === 0 ? undefined : this.#slow.get(key)
    return slow !== undefined && this.#now() < slow.until ? undefined : this.#read(file, page, key, slow)
  }

  release({ workspace }: Registered): void {
    this.#attached.delete(workspace)
    this.#handles.release(workspace)
  }

  #read(file: WorkspaceFile, page: PreparedPage, key: string, slow: Slow | undefined): Page | undefined {
    const started = this.#now()
    this.#until = started + LONGEST
    this.#bytes = 0
    const found = readPage(file, page)
    const ended = this.#now()
    if (ended - started > TOO_LONG) this.#slow.set(key, slower(slow, ended))
    else if (slow !== undefined) this.#slow.delete(key)
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

function slower(slow: Slow | undefined, now: number): Slow {
  const count = (slow?.count ?? 0) + 1
  if (count < TOO_OFTEN) return { count, until: 0 }
  return { count, until: now + Math.min(LONGEST_DISTRUST, FIRST_DISTRUST * 2 ** (count - TOO_OFTEN)) }
}
