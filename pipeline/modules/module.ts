import type { z } from 'zod'
import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc } from '../../model/documents.ts'
import type { DocumentQuery } from '../../model/query/query.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Job } from './job.ts'
import type { WriteContext } from './context.ts'
import type { MethodCall } from './method-call.ts'
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

/** Runs as the system, without restrictions. */
export interface MigrationContext extends WriteContext {}

/** The same, for one document of many. What it returns is committed with its batch. */
export type DocumentContext = Omit<MigrationContext, 'commit'>

interface NamedMigration {
  /** Unique within its module. */
  name: string
}

/**
 * A change of documents as a whole. If it fails, a later opening runs it again, over whatever it committed before.
 */
export interface WholeMigration extends NamedMigration {
  /** The returned transactions are committed together with the record that the migration was applied. */
  run: (context: MigrationContext) => Promise<readonly TxCUD[]>
}

/**
 * A change of the documents of a class, one by one, in the order of their ids. A batch is committed together with the
 * position, so that each document is changed once, whatever happens in between.
 */
export interface DocumentMigration<T extends Doc = Doc> extends NamedMigration {
  each: {
    class: ClassRef<T>
    /** Only documents that meet this query. */
    where?: DocumentQuery
  }
  /** Documents of one commit; 100 if omitted. */
  batch?: number
  /** Returns the transactions for one document. */
  run: (doc: T, context: DocumentContext) => readonly TxCUD[] | Promise<readonly TxCUD[]>
  /** Runs while people work, after the opening. Later migrations do not wait for it. */
  online?: boolean
  /**
   * What happens when `run` throws for a document, or its transactions are refused. `stop`, the default: the migration
   * fails. `set-aside`: the document is recorded with the error, and the next one has its turn.
   */
  onError?: 'stop' | 'set-aside'
}

/** What {@link migration} returns: the server calls its `run` only with documents of `each.class`. */
interface ErasedMigration extends Omit<DocumentMigration, 'run'> {
  run: never
}

/** A change of documents that is applied once in each workspace, before it opens to people unless it is online. */
export type Migration = WholeMigration | ErasedMigration

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
  /**
   * The method only reads. A client that streams it receives its result, and each later one that differs: it runs again
   * when a document that it has found, or would find now, changes.
   */
  live?: boolean
  /** A call may run twice with the effect of one. Others are never run again when it is not known whether they ran. */
  idempotent?: boolean
  /**
   * The method has no effects but its commits. A call of which it is not known whether it ran, but that it has committed
   * nothing, runs again.
   */
  commitsOnly?: boolean
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

/**
 * A migration whose `run` knows the type of its documents.
 * @example
 * const addRank = migration({
 *   name: 'addRank',
 *   each: { class: board.class.Task, where: { rank: { $exists: false } } },
 *   run: (task, { factory }) => [factory.update(task, { rank: task.title })],
 * })
 */
export function migration<T extends Doc>(declared: DocumentMigration<T>): Migration {
  const erased: unknown = declared
  return erased as ErasedMigration
}

/** The migration with the `run` of its documents; `undefined` for one that changes documents as a whole. */
export function asDocumentMigration(declared: Migration): DocumentMigration | undefined {
  if (!('each' in declared)) return undefined
  const erased: unknown = declared
  return erased as DocumentMigration
}

export function isWholeMigration(declared: Migration): declared is WholeMigration {
  return !('each' in declared)
}
