import type { Tx } from '../model/transactions.ts'

/** What an application adds to the server. */
export interface AtriumModule {
  name: string
  /** Its classes, mixins and enums, as model transactions of a `createModelBuilder`. */
  model: readonly Tx[]
  /** Transactions that fill the demo workspace, in order; signed by any account. */
  demo?: (options: DemoOptions) => Iterable<Tx>
}

export interface DemoOptions {
  /** Ids of the accounts that the demo's people have. */
  members: readonly Tx['modifiedBy'][]
}
