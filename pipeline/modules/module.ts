import type { z } from 'zod'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Job } from './job.ts'
import type { MethodCall, WriteContext } from './method-call.ts'
import type { ModuleRoute } from './route.ts'
import type { Trigger } from './trigger.ts'

/** An extension of the server by an application. */
export interface AtriumModule {
  name: string
  /** A semantic version: `1.4.0`. */
  version?: string
  /** Names of modules that this one needs, with a range of versions after `@`: `chat@^2`. Their triggers run first. */
  requires?: readonly string[]
  /**
   * The schema of its settings, which must accept `{}` and return the defaults. Each workspace has a document
   * `module:class:Settings` for them, which maintainers change and all clients see.
   */
  settings?: z.ZodType
  /**
   * `all` (the default): it works in all workspaces. `new`: in those that are created from now on. `some`: in none at
   * first. Of the last two, maintainers turn it on and off by `isOn` of its settings.
   */
  enabledIn?: 'all' | 'new' | 'some'
  /** Classes, mixins and enums, as model transactions of a `createModelBuilder`. */
  model: readonly Tx[]
  /** Transactions that fill the demo workspace, in order, signed by any account. */
  demo?: (options: DemoOptions) => Iterable<Tx>
  triggers?: readonly Trigger[]
  /** In the order of application. A migration that was applied must not be removed, moved or renamed. */
  migrations?: readonly Migration[]
  /** By name: work at a time. */
  jobs?: Readonly<Record<string, Job>>
  /** By method name. Clients add the name of the module and a dot. */
  methods?: Readonly<Record<string, ServiceMethod>>
  /** HTTP routes under `/api/v1/{workspace}/x/{module}`. */
  routes?: readonly ModuleRoute[]
}

export interface DemoOptions {
  /** Ids of the demo accounts. */
  members: readonly Tx['modifiedBy'][]
}

/**
 * A change of documents that is applied once in each workspace, before it opens to people. If a migration fails, the
 * next opening runs it again, over whatever it committed before.
 */
export interface Migration {
  /** Unique within its module. */
  name: string
  /** The returned transactions are committed together with the record that the migration was applied. */
  run: (context: MigrationContext) => Promise<readonly TxCUD[]>
}

/** Runs as the system, without restrictions. */
export interface MigrationContext extends WriteContext {}

/**
 * A method that clients call. Its result is a JSON value, or an async iterable of JSON values, which clients receive one
 * by one.
 */
export interface ServiceMethod<P = never> {
  /** The schema of the params. Other params result in BadRequest. */
  params: z.ZodType<P>
  run: (call: MethodCall, params: P) => unknown
  /** Maximum duration of a run in milliseconds, instead of `ATRIUM_METHOD_TIMEOUT`. */
  timeout?: number
  /** A call may run twice with the effect of one. Others are never run again when it is not known whether they ran. */
  idempotent?: boolean
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
  // The server calls `run` only with the output of `params`.
  const erased: unknown = method
  return erased as ServiceMethod
}
