import { targetOf } from '../../model/apply-transaction.ts'
import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { isDeclaration, WorkspaceModel } from '../../model/workspace-model.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import type { Logger } from '../shared/logger.ts'

/** Model transactions per read of the log. */
const MODEL_PAGE = 5000

export interface ReadModel {
  model: WorkspaceModel
  /** Transactions of the model that cannot be applied, for an administrator. */
  flaws: string[]
}

/**
 * Errors of a transaction that changes a declaration or creates an existing document: the model stays correct without
 * it.
 */
const harmless: ReadonlySet<string> = new Set(['platform:status:Forbidden', 'core:status:ObjectExists'])

/**
 * Reads the model from the log. A transaction that cannot be applied, as after a restore over another log, is
 * skipped: a workspace that does not open cannot be repaired. It is a flaw unless its error is harmless, such as a
 * change of a declaration, which older versions permitted, or unless it concerns no declaration.
 */
export async function readModel(options: {
  workspace: string
  base: WorkspaceModel
  storage: WorkspaceStorage
  logger: Logger
}): Promise<ReadModel> {
  const { workspace, base, storage, logger } = options
  const model = new WorkspaceModel(base)
  const flaws: string[] = []
  for await (const tx of modelTransactions(storage)) {
    try {
      model.apply(tx)
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      const fields = { err: error, workspace, transaction: tx._id, document: tx.objectId }
      logger.error(fields, 'a model transaction is left out')
      const isHarmless = harmless.has(error.status.code)
      if (!isHarmless && isOfDeclaration(tx)) flaws.push(`model transaction ${tx._id}: ${error.message}`)
    }
  }
  return { model, flaws }
}

/** A restored value that is not a transaction concerns no declaration. */
function isOfDeclaration(tx: TxCUD): boolean {
  try {
    return isDeclaration(targetOf(tx))
  } catch {
    return false
  }
}

async function* modelTransactions(storage: WorkspaceStorage): AsyncIterable<TxCUD> {
  for (let after = 0; ;) {
    const page = await storage.readLog({ after, limit: MODEL_PAGE, objectSpace: core.space.Model })
    for (const { seq, tx } of page) {
      after = seq
      yield tx
    }
    if (page.length < MODEL_PAGE) return
  }
}
