import { targetOf } from '../../model/apply-transaction.ts'
import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { isDeclaration, WorkspaceModel } from '../../model/workspace-model.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import type { Logger } from '../shared/logger.ts'

/** Model transactions read from the log at a time. */
const MODEL_PAGE = 5000

export interface ReadModel {
  model: WorkspaceModel
  /** What of the model's history does not fit, for an administrator: each names its transaction. */
  flaws: string[]
}

/** What is declared stays as declared; what is there already is there. */
const harmless: ReadonlySet<string> = new Set(['platform:status:Forbidden', 'core:status:ObjectExists'])

/**
 * Reads the model from the log. A transaction that does not fit, as a restore over another log may leave, is left out:
 * a workspace that stays closed cannot be repaired. One that changes what modules declare, which older versions let
 * through, is left out without harm, and so is one of an account and the like.
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

/** What is no transaction at all, as a restore may bring it, is of nothing. */
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
