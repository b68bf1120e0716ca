import { messageOf } from '../../model/error-details.ts'
import type { Ref, Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { LogEntry } from '../../storage/contract.ts'
import { type DeadLetter, moduleState } from '../modules/module-state.ts'
import type { AsyncTrigger, Installed } from '../modules/trigger.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { formerNames, type TriggerCursors } from './trigger-cursors.ts'
import { systemFactory } from '../shared/system-factory.ts'
import type { Work } from './trigger-work.ts'

export type StoredLetter = Unchecked<DeadLetter>

/** Maximum length of a stored error message, and of a stored stack. */
const MAX_MESSAGE = 1000
const MAX_STACK = 4000
/** Letters in one commit. */
const MARKED_AT_ONCE = 500

/** The transactions that asynchronous triggers gave up. */
export class DeadLetters {
  readonly #workspace: Workspace
  readonly #cursors: TriggerCursors

  constructor(workspace: Workspace, cursors: TriggerCursors) {
    this.#workspace = workspace
    this.#cursors = cursors
  }

  /** The transaction that stores the letter, or changes the one that was sent again. */
  write(
    trigger: Installed<AsyncTrigger>,
    work: Work,
    error: unknown,
    { isWhole }: { isWhole: boolean },
  ): TxCUD {
    const { entry, failures, idempotencyKey } = work
    const reason = {
      message: reasonOf(error).slice(0, MAX_MESSAGE),
      stack: stackOf(error).slice(0, MAX_STACK),
      count: failures.count,
      attempts: failures.attempts,
      state: 'dead',
    }
    const factory = systemFactory(this.#workspace)
    const space = core.space.Configuration
    const { DeadLetter: _class } = moduleState.class
    if (work.letter !== undefined) return factory.update({ _id: work.letter, _class, space }, reason)
    return factory.create(_class, space, {
      trigger: trigger.fullName,
      seq: entry.seq,
      transaction: entry.tx._id,
      key: idempotencyKey,
      ...reason,
      ...(isWhole ? { payload: JSON.stringify(entry.tx) } : {}),
    })
  }

  /** Sets the state of letters, before they are sent again. @throws StorageError */
  async mark(ids: readonly Ref[], state: 'again' | 'under way'): Promise<void> {
    const { DeadLetter: _class } = moduleState.class
    const factory = systemFactory(this.#workspace)
    for (let at = 0; at < ids.length; at += MARKED_AT_ONCE) {
      const places = ids
        .slice(at, at + MARKED_AT_ONCE)
        .map((_id) => ({ _id, _class, space: core.space.Configuration }))
      await this.#cursors.commit(places.map((place) => factory.update(place, { state })))
    }
  }

  /** A letter is not sent again after all. @throws StorageError */
  async giveUp(_id: Ref, message: string): Promise<void> {
    const { DeadLetter: _class } = moduleState.class
    const place = { _id, _class, space: core.space.Configuration }
    await this.#cursors.commit([systemFactory(this.#workspace).update(place, { state: 'dead', message })])
  }

  /** The transaction that removes a letter that was sent again with success. */
  removal(_id: Ref): TxCUD {
    const { DeadLetter: _class } = moduleState.class
    return systemFactory(this.#workspace).remove({ _id, _class, space: core.space.Configuration })
  }

  /** Letters in the order of the log. @throws StorageError */
  async find(query: DocumentQuery, options: FindOptions = {}): Promise<FindResult<StoredLetter>> {
    const { model, storage } = this.#workspace
    const sorted = { sort: { seq: 1, _id: 1 }, ...options } as const
    // The plan finds documents of the class only.
    return (await storage.find(
      planFind(model.hierarchy, moduleState.class.DeadLetter, query, sorted),
    )) as FindResult<StoredLetter>
  }

  /** Those of a trigger, also under its earlier names. */
  async of(
    trigger: Installed<AsyncTrigger>,
    query: DocumentQuery = {},
    options: FindOptions = {},
  ): Promise<FindResult<StoredLetter>> {
    return await this.find(
      { trigger: { $in: [trigger.fullName, ...formerNames(trigger)] }, ...query },
      options,
    )
  }

  /** The transaction of a letter; `undefined` if it is neither in the letter nor in the log. @throws StorageError */
  async entryOf({ payload, seq = 0, transaction }: StoredLetter): Promise<LogEntry | undefined> {
    if (payload != null) {
      // The server wrote it.
      const tx = JSON.parse(payload) as TxCUD
      return { seq, tx, request: tx._id }
    }
    const [entry] = await this.#workspace.storage.readLog({ after: seq - 1, limit: 1 })
    return entry?.tx._id === transaction ? entry : undefined
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof StatusError ? error.status.code : messageOf(error)
}

function stackOf(error: unknown): string {
  const { stack }: { stack?: unknown } = typeof error === 'object' && error !== null ? error : {}
  return typeof stack === 'string' ? stack : ''
}
