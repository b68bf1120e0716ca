import type { Tx } from '../../model/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import { type LogEntry, StorageError } from '../../storage/contract.ts'
import type { CommitTerms } from '../workspace/commit-terms.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { Backlog } from './backlog.ts'
import type { CommitLimits } from '../shared/commit-limits.ts'
import type { CommitObserver } from './commit-observer.ts'
import { CommitState } from './commit-state.ts'
import type { RequestHandler } from './commit-step.ts'
import { isolateTooLarge } from './isolate-too-large.ts'
import { RecentDocuments } from './recent-documents.ts'
import { settleFailed } from './settle-failed.ts'
import { isModelChange } from './log-entries.ts'
import { Group, Staging } from './staging.ts'

/**
 * The only writer of a workspace. While storage commits a group, new requests form the next group: each request
 * passes the commit steps, over the state that the requests before it leave. When storage is free, one storage
 * transaction commits the group; then the requests get their responses, and sessions get pushes.
 *
 * A group assumes that new documents and requests do not exist yet. If that is wrong, storage rejects the group,
 * which is staged again, this time with a prefetch. A group that was staged over a failed group is staged again too.
 */
export class CommitQueue {
  readonly #workspace: Workspace
  readonly #staging: Staging
  readonly #observer: CommitObserver
  readonly #limits: CommitLimits
  readonly #recent = new RecentDocuments()
  readonly #backlog = new Backlog()
  #running: Promise<void> | undefined
  /** The group that is being staged. */
  #group: Group
  /** The group that is being committed. */
  #committing: { done: Promise<void>; size: number } | undefined
  #lastSeq: number
  /** Number of requests per prefetch. It shrinks if requests are large. */
  #atOnce: number
  /** A commit failed, and its outcome is unknown. */
  #uncertain = false

  constructor(options: {
    workspace: Workspace
    handler: RequestHandler
    observer: CommitObserver
    lastSeq: number
  }) {
    this.#workspace = options.workspace
    this.#staging = new Staging(options.workspace, options.handler, (group) => this.#flush(group))
    this.#observer = options.observer
    this.#lastSeq = options.lastSeq
    this.#limits = options.workspace.limits
    this.#atOnce = this.#limits.maxGroup
    this.#group = this.#newGroup(undefined)
  }

  /** `seq` of the last durable transaction. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  get depth(): number {
    return this.#backlog.size + this.#group.staged.length
  }

  /** Resolves with the result when the transaction is durable. */
  enqueue(caller: Caller, tx: Tx, terms?: CommitTerms): Promise<unknown> {
    if (this.depth >= this.#limits.maxWaiting) {
      return Promise.reject(
        new StorageError('unavailable', 'too many transactions are waiting for their commit'),
      )
    }
    return new Promise((resolve, reject) => {
      this.#backlog.add({ caller, tx, terms, resolve, reject })
      this.#running ??= this.#run()
      // Per group, storage spends about as much as on twenty requests, so small groups are not worth a poll.
      const { size } = this.#committing ?? {}
      if (size !== undefined && this.depth >= size) this.#workspace.storage.pollReplies?.()
    })
  }

  /** Resolves when no request is waiting or being committed. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** A restore changed documents without the queue. */
  forgetDocuments(): void {
    this.#recent.clear()
    this.#workspace.recentChanges.forget()
  }

  async #run(): Promise<void> {
    // Requests of the same tick join the group.
    await new Promise(setImmediate)
    for (;;) {
      if (this.#uncertain) await this.#recover()
      if (this.#group.isStale) this.#stageAgain()
      if (this.#committing === undefined && this.#group.staged.length > 0) this.#commit()
      else if (this.#backlog.isReady && !this.#isFull) await this.#stageSome()
      else if (this.#committing === undefined) break
      else if (this.#isFull) await this.#committing.done
      else await Promise.race([this.#committing.done, this.#backlog.arrival()])
    }
    this.#running = undefined
  }

  get #isFull(): boolean {
    return this.#group.full !== undefined || this.#group.staged.length >= this.#limits.maxGroup
  }

  #newGroup(before: CommitState | undefined): Group {
    const firstSeq = before?.nextSeq ?? this.#lastSeq + 1
    return new Group(new CommitState(this.#workspace, { recent: this.#recent, firstSeq, before }))
  }

  /** Stages as many waiting requests as fit into the group. */
  async #stageSome(): Promise<void> {
    const group = this.#group
    const most = Math.min(this.#limits.maxGroup - group.staged.length, this.#atOnce)
    this.#backlog.putBack(await this.#staging.take(group, this.#backlog.take(most)))
    // Requests that do not fit are prefetched again for the next group.
    if (group.full === 'bytes') this.#atOnce = Math.max(1, group.staged.length)
    else this.#atOnce = Math.min(this.#limits.maxGroup, this.#atOnce * 2)
  }

  /** Passes the group to storage and starts the next one over it. */
  #commit(): void {
    const group = this.#group
    const next = this.#newGroup(group.state)
    this.#group = next
    const size = group.staged.length
    const done = this.#makeDurable(group).then((respond) => {
      this.#committing = undefined
      if (respond === undefined) {
        next.isStale = true
        return
      }
      next.state.beforeSettled()
      // Start the next commit first: sending the responses of a group blocks the event loop for about as long as a
      // commit.
      if (!this.#staging.isBusy && next.staged.length > 0) this.#commit()
      respond()
    })
    this.#committing = { done, size }
  }

  /**
   * Commits the staged requests of a group, which continues to grow.
   * @throws StorageError if the commit failed: then the group is stale and its requests are staged again
   */
  async #flush(group: Group): Promise<void> {
    await this.#committing?.done
    if (!group.isStale && group.staged.length > 0) {
      const respond = await this.#makeDurable(group)
      group.isStale = respond === undefined
      respond?.()
    }
    if (group.isStale) throw new StorageError('unavailable', 'the transaction has to be staged again')
  }

  /** Resolves with a function that sends responses and pushes; `undefined` if the commit failed. */
  async #makeDurable(group: Group): Promise<(() => void) | undefined> {
    const { state } = group
    const { entries, pushes } = state
    const batch = state.batch()
    try {
      if (entries.length > 0) {
        const { reads, storage } = this.#workspace
        await reads.commit(this.#lastSeq + entries.length, () => storage.commit(batch))
      }
    } catch (error) {
      await this.#failed(group, error)
      return undefined
    }
    const staged = group.staged.splice(0)
    this.#lastSeq += entries.length
    this.#workspace.recentChanges.committed(batch, this.#lastSeq)
    state.settle()
    await this.#applyToModel(entries)
    const events = this.#observer.changed(batch)
    return () => {
      for (const { waiting, result } of staged) waiting.resolve(result)
      if (pushes.length + events.length > 0) this.#observer.committed([...pushes, ...events])
    }
  }

  async #failed(group: Group, error: unknown): Promise<void> {
    this.#recent.clear()
    const code = error instanceof StorageError ? error.code : undefined
    const isParted = code === 'too-large' && isolateTooLarge(group, error)
    if (code === 'exists') this.#staging.prefetchNext()
    if (code === 'exists' || isParted) {
      this.#backlog.repeat(group.staged.splice(0).map(({ waiting }) => waiting))
      return
    }
    this.#uncertain = true
    if (code !== 'too-large') this.#observer.failed(error)
    this.#backlog.repeat(await settleFailed(group, error, this.#workspace.storage))
    if (this.#backlog.hasRepeated) this.#staging.prefetchNext()
  }

  /** Returns the requests of a stale group to the queue, before later ones. */
  #stageAgain(): void {
    this.#backlog.restage(this.#group.staged.map(({ waiting }) => waiting))
    this.#group = this.#newGroup(undefined)
  }

  /** Applies all model changes of the group, then updates the storage schema once. */
  async #applyToModel(entries: readonly LogEntry[]): Promise<void> {
    const changes = entries.map(({ tx }) => tx).filter(isModelChange)
    for (const tx of changes) this.#workspace.model.apply(tx)
    if (changes.length > 0) await this.#observer.modelChanged()
  }

  /** Reads entries that storage has beyond `lastSeq`. Rejects all waiting requests if that fails. */
  async #recover(): Promise<void> {
    try {
      await this.#takeInLost()
    } catch (error) {
      this.#backlog.restage(this.#group.staged.splice(0).map(({ waiting }) => waiting))
      for (const { reject } of this.#backlog.take(Infinity)) reject(error)
    }
  }

  /** A commit whose response was lost may have succeeded. */
  async #takeInLost(): Promise<void> {
    for (;;) {
      const entries = await this.#workspace.storage.readLog({ after: this.#lastSeq, limit: 1000 })
      this.#lastSeq = entries.at(-1)?.seq ?? this.#lastSeq
      this.#workspace.recentChanges.forget()
      await this.#applyToModel(entries)
      if (entries.length === 0) break
      this.#observer.committed(await this.#observer.recovered(entries))
    }
    this.#uncertain = false
  }
}
