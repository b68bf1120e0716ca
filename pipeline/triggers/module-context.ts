import assert from 'node:assert'
import { brand } from '../../model/brand.ts'
import { deepCopy } from '../../model/copies.ts'
import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { TxApplyIf, TxCUD } from '../../model/transactions.ts'
import { type Caller, systemCaller } from '../shared/caller.ts'
import { type Handlers, isEncoded } from '../workspace/middleware.ts'
import { outsideModule } from '../modules/run-in-module.ts'
import type { MigrationContext } from '../modules/module.ts'
import { takeOver } from '../modules/module-values.ts'
import { TransactionFactory } from '../../model/transaction-factory.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface CallerContext extends MigrationContext {
  readonly caller: Caller
}

/** The context of a module on behalf of the caller. Its requests pass the same handlers as the caller's own. */
export function moduleContextFor(workspace: Workspace, handlers: Handlers, caller: Caller): CallerContext {
  const { clock, generateId, logger, model } = workspace
  const signature = { space: core.space.Tx, modifiedBy: caller.account, modifiedOn: clock.now() }
  return {
    // A copy: the role in the original decides what the caller may do.
    caller: Object.freeze({ ...caller }),
    hierarchy: model.hierarchy,
    generateId,
    logger,
    factory: new TransactionFactory(generateId, signature),
    findAll: finderFor(workspace, handlers, caller),
    commit: async (txes) => {
      if (txes.length === 0) return
      const tx = atomic(workspace, txes.map(takeOver), caller)
      await outsideModule(() => handlers.tx(caller, tx))
    },
  }
}

/** Finds documents for a module, which gets the result and not what the pipeline keeps. */
export function finderFor(
  { modules }: Pick<Workspace, 'modules'>,
  handlers: Pick<Handlers, 'find'>,
  caller: Caller,
) {
  return async function findAll<T extends Doc>(
    _class: ClassRef<T>,
    query: DocumentQuery,
    options: FindOptions = {},
  ): Promise<T[]> {
    const found = await outsideModule(() => handlers.find(caller, deepCopy({ _class, query, options })))
    assert(!isEncoded(found), 'a find without limits for parts returns documents')
    // The query finds documents of the class only. The array is new, so that the module may sort it.
    const docs = found.map((doc) => modules.give(doc)) as T[]
    return Object.assign(docs, { total: found.total })
  }
}

/** Combines transactions into one that commits all of them or none. Its id makes it idempotent. */
export function atomic(
  { clock, generateId }: Pick<Workspace, 'clock' | 'generateId'>,
  txes: readonly TxCUD[],
  { account }: Pick<Caller, 'account'>,
  _id: string = generateId(),
): TxApplyIf {
  return {
    _id: brand(_id),
    _class: core.class.TxApplyIf,
    space: core.space.Tx,
    objectSpace: core.space.Tx,
    modifiedBy: account,
    modifiedOn: clock.now(),
    txes: [...txes],
  }
}

/**
 * Commits all of the transactions or none, as the system.
 * @param key makes it idempotent: under one key the transactions are committed once
 */
export async function commitAsSystem(
  workspace: Workspace,
  txes: readonly TxCUD[],
  key?: string,
): Promise<void> {
  if (txes.length > 0) await workspace.commit(systemCaller, atomic(workspace, txes, systemCaller, key))
}
