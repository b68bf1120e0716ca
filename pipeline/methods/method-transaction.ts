import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import type { DocumentMatch, TxCUD } from '../../model/transactions.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { MethodTransaction } from '../modules/method-call.ts'
import type { Caller } from '../shared/caller.ts'
import type { CommitTerms } from '../workspace/commit-terms.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { PlaceQueue } from './place-queue.ts'
import { ReadConflict } from './read-conflict.ts'
import { RecordedReads } from './recorded-reads.ts'

export interface TransactionParts {
  workspace: Workspace
  caller: Caller
  factory: TransactionFactory
  findAll: MethodTransaction['findAll']
  commit: (txes: readonly TxCUD[], terms: CommitTerms) => Promise<void>
  /** Transactions that conflicted at one place take turns. */
  places: PlaceQueue
  signal: AbortSignal
}

/**
 * Runs the function, and commits what it has collected if nothing that it has read has changed. Otherwise it runs again:
 * the second time and later in turn with others that conflicted at the same place, so that one of them succeeds.
 * @throws StatusError Conflict after too many runs
 */
export async function runTransaction<T>(
  parts: TransactionParts,
  work: (transaction: MethodTransaction) => T | Promise<T>,
): Promise<T> {
  const { places, signal, workspace } = parts
  const { tries } = workspace.modules.methodLimits
  let run = () => attempt(parts, work)
  for (let tried = 1; ; tried++) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof ReadConflict)) throw error
      if (tried >= tries) throw new StatusError('platform:status:Conflict', { tries }, { cause: error })
      run = () => places.run(error.place, signal, () => attempt(parts, work))
    }
  }
}

async function attempt<T>(
  parts: TransactionParts,
  work: (transaction: MethodTransaction) => T | Promise<T>,
): Promise<T> {
  parts.signal.throwIfAborted()
  const reads = new RecordedReads(parts.workspace, parts.caller)
  try {
    const collected: TxCUD[] = []
    const result = await workOrConflict(reads, () => work(transactionOf(parts, reads, collected)))
    if (collected.length === 0) reads.check()
    else await parts.commit(collected, { check: (staged) => reads.check(staged) })
    return result
  } finally {
    reads.end()
  }
}

/** An error may come from reads of different moments: then the function runs again. */
async function workOrConflict<T>(reads: RecordedReads, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    reads.check()
    throw error
  }
}

function transactionOf(
  { factory, findAll, signal }: TransactionParts,
  reads: RecordedReads,
  collected: TxCUD[],
): MethodTransaction {
  const find = <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options: FindOptions = {}) => {
    signal.throwIfAborted()
    return reads.add({ _class, query, options }, () => findAll(_class, query, options))
  }
  const holds = async ({ _class, query }: DocumentMatch): Promise<boolean> =>
    (await find(_class as ClassRef, query, { limit: 1 })).length > 0
  const commit = (txes: readonly TxCUD[]): void => {
    for (const tx of txes) collected.push(tx)
  }
  return {
    factory,
    findAll: find,
    get: async <T extends Doc>(_class: ClassRef<T>, _id: Ref) =>
      (await find(_class, { _id }, { limit: 1 }))[0],
    commit,
    applyIf: async (txes, { match = [], notMatch = [] }) => {
      for (const each of match) if (!(await holds(each))) return false
      for (const each of notMatch) if (await holds(each)) return false
      commit(txes)
      return true
    },
  }
}
