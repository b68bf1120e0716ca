import { moduleOf } from '../modules/installed-modules.ts'
import { runInModule } from '../modules/run-in-module.ts'
import type { Doc } from '../../model/documents.ts'
import { messageOf } from '../../model/error-details.ts'
import { planFind } from '../../model/query/plan-find.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentMatch, TxApplyIf, TxCUD } from '../../model/transactions.ts'
import { StorageError } from '../../storage/contract.ts'
import { takeOver } from '../modules/module-values.ts'
import type { DocumentContext, DocumentMigration } from '../modules/module.ts'
import { systemCaller } from '../shared/caller.ts'
import { pageAfter, type PagedDocuments } from '../shared/id-pages.ts'
import { withTimeout } from '../shared/with-timeout.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { BadDocument, type Batch, ChangedMeanwhile, changesOnly, type Flight } from './migration-batch.ts'
import { MigrationProgress } from './migration-progress.ts'
import type { MigrationRecords, Position } from './migration-records.ts'
import { atomic } from './module-context.ts'
import type { MigrationStats } from '../push/workspace-listener.ts'

const BATCH = 100
/** Documents that a migration may set aside: with more of them, the migration is wrong and not the documents. */
const MAX_SET_ASIDE = 10_000
/** Attempts for one document that people change at the same time. */
const MAX_ATTEMPTS = 20

export interface DocumentMigrationParts {
  workspace: Workspace
  /** `module.name` */
  name: string
  migration: DocumentMigration
  context: DocumentContext
  records: MigrationRecords
  report: (stats: MigrationStats) => void
  stop: AbortSignal
}

/**
 * One run of a migration of many documents, from the stored position to the end. While storage commits a batch, the next
 * one is read, run and staged. It depends on the position of the one before.
 */
export class DocumentMigrationRun {
  readonly #parts: DocumentMigrationParts
  readonly #meant: PagedDocuments
  /** As it is stored. */
  #position: Position = { after: undefined, done: 0, setAside: 0 }
  #progress: MigrationProgress | undefined

  constructor(parts: DocumentMigrationParts) {
    this.#parts = parts
    const { class: _class, where = {} } = parts.migration.each
    this.#meant = planFind(parts.workspace.model.hierarchy, _class, where, {})
  }

  /** @throws BadDocument; StorageError; the reason of `stop` */
  async run(): Promise<Position> {
    const { name, records } = this.#parts
    this.#position = await records.position(name)
    this.#progress = await this.#count()
    await this.#takeAll()
    await this.#commit(records.finish(name, this.#position), [])
    return this.#position
  }

  async #takeAll(): Promise<void> {
    let flight: Flight | undefined
    try {
      for (;;) {
        const batch = await this.#nextBatch(flight?.batch.next ?? this.#position)
        // Sent after the one on its way: if that is refused, the position does not move, and this one is refused too.
        const next = batch === undefined ? undefined : this.#send(batch)
        const isLanded = flight === undefined || (await this.#land(flight))
        flight = undefined
        if (!isLanded) await next?.outcome
        else if (next === undefined) return
        else if (next.batch.isPlain) flight = next
        else await this.#land(next)
      }
    } catch (error) {
      await flight?.outcome
      throw error
    }
  }

  async #count(): Promise<MigrationProgress> {
    const { name, report, workspace } = this.#parts
    const { after, done } = this.#position
    const { domain, condition } = this.#meant
    const later = { op: 'gt', path: ['_id'], value: after ?? '' } as const
    const plan = { domain, condition: { op: 'all-of' as const, conditions: [condition, later] } }
    const { total } = await workspace.storage.find({ ...plan, sort: [], limit: 1, total: true, lookups: [] })
    const now = () => workspace.clock.now()
    return new MigrationProgress({ name, now, report }, { before: done, left: total })
  }

  async #nextBatch(from: Position): Promise<Batch | undefined> {
    const { migration, stop, workspace } = this.#parts
    stop.throwIfAborted()
    await workspace.turns.pause(workspace.id)
    const { batch: limit = BATCH } = migration
    const page = await pageAfter(workspace, this.#meant, { after: from.after, limit })
    return page.length === 0 ? undefined : await this.#prepare(page, from)
  }

  #send(batch: Batch): Flight {
    const outcome = this.#commit(batch.changes, batch.match).then(
      () => undefined,
      (error: unknown) => error ?? new Error('a batch failed'),
    )
    return { batch, outcome }
  }

  /** Returns whether the batch was committed. If one of several documents is refused, they are taken one by one. */
  async #land({ batch: { page, next }, outcome }: Flight): Promise<boolean> {
    const error = await outcome
    if (error === undefined) {
      this.#moved(next)
      return true
    }
    if (this.#isOver(error)) throw error
    for (const doc of page) await this.#takeAlone(doc)
    return false
  }

  #moved(next: Position): void {
    const { done } = this.#position
    this.#position = next
    this.#progress?.advance(next.done - done)
  }

  async #prepare(page: readonly Doc[], from: Position): Promise<Batch> {
    const { migration, name, records } = this.#parts
    const isOnline = migration.online === true
    const changes: TxCUD[] = []
    const match = from.after === undefined ? [] : [records.match(name, from)]
    let { setAside } = from
    for (const doc of page) {
      const txes = await this.#changesOf(doc).catch((error: unknown) => {
        setAside += 1
        return [this.#setAside(doc, error)]
      })
      for (const tx of txes) changes.push(tx)
      const { _id, _class, modifiedOn } = doc
      if (isOnline && txes.length > 0) match.push({ _class, query: { _id, modifiedOn } })
    }
    const isPlain = !isOnline && changesOnly(page, changes, this.#parts.workspace)
    const next = { after: page.at(-1)?._id ?? from.after, done: from.done + page.length, setAside }
    changes.push(records.move(name, from, next))
    return { page, changes, match, next, isPlain }
  }

  /** A document of a batch that was refused, or that people changed at the same time. */
  async #takeAlone(doc: Doc): Promise<void> {
    let error: unknown
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const { after } = this.#position
      const [now] = await pageAfter(this.#parts.workspace, this.#meant, { after, limit: 1 })
      // It was removed, or is not meant any more.
      if (now?._id !== doc._id) return
      const batch = await this.#prepare([now], this.#position)
      error = await this.#send(batch).outcome
      if (error === undefined) return this.#moved(batch.next)
      if (this.#isOver(error)) throw error
      if (!(error instanceof ChangedMeanwhile)) break
    }
    await this.#leave(doc, error)
  }

  async #leave(doc: Doc, error: unknown): Promise<void> {
    const { name, records } = this.#parts
    const { done, setAside } = this.#position
    const next = { after: doc._id, done: done + 1, setAside: setAside + 1 }
    await this.#commit([this.#setAside(doc, error), records.move(name, this.#position, next)], [])
    this.#moved(next)
  }

  async #changesOf(doc: Doc): Promise<TxCUD[]> {
    const { context, migration, name, stop, workspace } = this.#parts
    const { give, limits } = workspace.modules
    const origin = {
      module: moduleOf(name),
      kind: 'migration',
      name: migration.name,
      workspace: workspace.id,
    } as const
    const returned = runInModule(origin, () => migration.run(give(doc), context))
    const made =
      returned instanceof Promise
        ? await withTimeout(returned, { milliseconds: limits.runTime, what: 'a document', stop })
        : returned
    if (!Array.isArray(made)) throw new TypeError('a migration must return an array of transactions')
    return made.map((tx: TxCUD) => takeOver(tx))
  }

  /** @throws BadDocument unless the migration sets documents aside */
  #setAside(doc: Doc, error: unknown): TxCUD {
    const { migration, name, records, workspace } = this.#parts
    if (this.#isOver(error)) throw error
    const { _id, _class } = doc
    const fields = { workspace: workspace.id, migration: name, document: _id, class: _class, err: error }
    const isTooMuch = this.#position.setAside >= MAX_SET_ASIDE
    if (migration.onError !== 'set-aside' || isTooMuch) throw new BadDocument(doc, error)
    workspace.logger.error(fields, 'a migration set a document aside')
    const reason = error instanceof StatusError ? error.message : messageOf(error)
    return records.setAside(name, doc, reason)
  }

  async #commit(txes: readonly TxCUD[], match: DocumentMatch[]): Promise<void> {
    const { workspace } = this.#parts
    const tx: TxApplyIf = {
      ...atomic(workspace, txes, systemCaller),
      ...(match.length === 0 ? {} : { match }),
    }
    const result = (await workspace.commit(systemCaller, tx)) as { success?: boolean }
    if (result.success === false) throw new ChangedMeanwhile('a document was changed meanwhile')
  }

  /** The migration itself cannot go on: no document is the cause. */
  #isOver(error: unknown): boolean {
    return this.#parts.stop.aborted || (error instanceof StorageError && error.code !== 'too-large')
  }
}
