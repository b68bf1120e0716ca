import type { ClassRef } from '../model/class-ref.ts'
import { deepFreeze } from '../model/copies.ts'
import type { Class, Doc, Ref, Space } from '../model/documents.ts'
import type { SearchPrefix } from '../model/query/search-terms.ts'
import type { DocumentQuery, FindOptions, FindResult, WithLookup } from '../model/query/query.ts'
import type { RequestOptions } from './connection/requests.ts'
import { outgoingParams } from './live-queries/outgoing.ts'
import { resultOf } from './runtime/result-of.ts'
import type { Session } from './session.ts'

export interface SearchOptions {
  classes?: Ref<Class>[]
  spaces?: Ref<Space>[]
  limit?: number
  /** The words of the query that match the beginning of a longer word. Default: all. */
  prefix?: SearchPrefix
}

/** The documents that a search found. */
export interface SearchResult {
  docs: { id: string; title?: string; doc: { _id: string; _class: string }; score?: number }[]
  total?: number
}

/** Calls that read from the server, or call any of its methods. */
export class Reads {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /**
   * Returns the documents that match a query. In development they are frozen, like the results of live queries: copy
   * them before sorting, as in `[...tasks].sort()`.
   *
   * @throws StatusError the error that the server returns; ClientError when there will be no response
   *
   * @example
   * const tasks = await client.findAll(board.class.Task, { status: 'todo' }, { sort: { rank: 1 }, limit: 20 })
   * show(tasks.total)
   */
  async findAll<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query?: DocumentQuery<T>,
    options: FindOptions = {},
    requestOptions?: RequestOptions,
  ): Promise<FindResult<T>> {
    const found = await this.call<FindResult<T>>('findAll', [_class, query ?? {}, options], requestOptions)
    return this.#session.freezes ? deepFreeze(found) : found
  }

  /**
   * Returns the first document that `findAll` finds.
   *
   * @throws as `findAll`
   *
   * @example
   * const found = await client.findOne(board.class.Task, { title: { $like: 'Try%' } })
   */
  async findOne<T extends Doc = Doc>(
    _class: ClassRef<T> | Ref<Class>,
    query?: DocumentQuery<T>,
    options: FindOptions = {},
    requestOptions?: RequestOptions,
  ): Promise<WithLookup<T> | undefined> {
    const [first] = await this.findAll<T>(_class, query, { ...options, limit: 1 }, requestOptions)
    return first
  }

  /**
   * Searches the full text of documents. The best match comes first.
   *
   * @throws as `findAll`
   *
   * @example
   * const { docs } = await client.search('atrium', { classes: [board.class.Task], limit: 10 })
   */
  async search(
    query: string,
    options: SearchOptions = {},
    requestOptions?: RequestOptions,
  ): Promise<SearchResult> {
    const { limit, prefix, ...filter } = options
    const params = [
      { query, ...filter },
      { limit, prefix },
    ]
    return await this.call('searchFulltext', params, requestOptions)
  }

  /**
   * Calls a method of the server or of one of its modules.
   *
   * @throws StatusError the error that the server returns; ClientError when there will be no response, `uncertain` if
   *   the method may have taken effect
   *
   * @example
   * const account = await client.call('getAccount')
   */
  async call<T = unknown>(
    method: string,
    params: readonly unknown[] = [],
    requestOptions?: RequestOptions,
  ): Promise<T> {
    const { calls, connection } = this.#session
    const own = outgoingParams(method, params)
    const response = await calls.run(method, requestOptions, (deadline) =>
      connection.request(method, own, requestOptions, deadline),
    )
    return resultOf<T>(response)
  }

  /**
   * Starts a measurement. Returns a function that ends it and resolves with the milliseconds that the server spent on
   * requests of this session in between.
   *
   * @example
   * const done = await client.measure('import')
   * await client.createDoc(board.class.Task, project, { title: 'Imported' })
   * show(await done())
   */
  async measure(operation: string, requestOptions?: RequestOptions): Promise<() => Promise<number>> {
    await this.call('measure', [operation], requestOptions)
    return async () => await this.call<number>('measure-done', [operation])
  }
}
