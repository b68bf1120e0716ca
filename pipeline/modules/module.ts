import type { z } from 'zod'
import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Caller } from '../shared/caller.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import type { ModuleContext, Trigger } from './trigger.ts'

/** What an application adds to the server. */
export interface AtriumModule {
  name: string
  /** Its classes, mixins and enums, as model transactions of a `createModelBuilder`. */
  model: readonly Tx[]
  /** Transactions that fill the demo workspace, in order; signed by any account. */
  demo?: (options: DemoOptions) => Iterable<Tx>
  triggers?: readonly Trigger[]
  /** In the order in which they are applied; never taken out, moved or renamed once they were. */
  migrations?: readonly Migration[]
  /** By the name that clients call them by, after the module's name and a dot. */
  methods?: Readonly<Record<string, ServiceMethod>>
}

export interface DemoOptions {
  /** Ids of the accounts that the demo's people have. */
  members: readonly Tx['modifiedBy'][]
}

/**
 * A change of a workspace's documents, applied once in each workspace, before anybody is let in. When it fails
 * the workspace does not open, and the next opening tries again: what it committed until then it meets again.
 */
export interface Migration {
  /** Unique within its module. */
  name: string
  /** What it returns is committed together with the note that it was applied. */
  run: (context: MigrationContext) => Promise<readonly TxCUD[]>
}

/** What asks for documents and makes transactions for one who signs. */
interface WriteContext extends ModuleContext {
  /** Makes transactions for `commit`, rightly signed. */
  readonly factory: TransactionFactory
  findAll: <T extends Doc>(_class: ClassRef<T>, query: DocumentQuery, options?: FindOptions) => Promise<T[]>
  /** Commits all of the transactions or none. @throws StatusError */
  commit: (txes: readonly TxCUD[]) => Promise<void>
}

/** Acts for the system: it sees and changes everything. */
export interface MigrationContext extends WriteContext {}

/** Acts for the caller: it sees and changes what the caller may. */
export interface MethodCall extends WriteContext {
  readonly caller: Caller
}

/** A method that clients may call. Its result is what JSON can tell. */
export interface ServiceMethod<P = never> {
  /** What it takes; anything else is answered with BadRequest. */
  params: z.ZodType<P>
  run: (call: MethodCall, params: P) => unknown
}

/**
 * A method whose `run` knows the types of its params.
 * @example
 * const count = serviceMethod({
 *   params: z.tuple([z.object({ space: z.string() })]),
 *   run: async ({ findAll }, [{ space }]) => (await findAll(board.class.Task, { space })).length,
 * })
 */
export function serviceMethod<P>(method: ServiceMethod<P>): ServiceMethod {
  // The server gives `run` nothing but what `params` has parsed.
  const erased: unknown = method
  return erased as ServiceMethod
}
