import type { ClassRef } from '../../model/class-ref.ts'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { Client } from '../client.ts'
import type { Cancel } from '../runtime/environment.ts'

/** The state of a component's query. */
export interface QueryState<T extends Doc> {
  /** The last result; `undefined` until the first one. */
  data: FindResult<T> | undefined
  /** The error of the last attempt to get a newer result; `undefined` when that succeeded. */
  error: unknown
  /** There is no result and no error yet. */
  isLoading: boolean
}

const loading: QueryState<never> = { data: undefined, error: undefined, isLoading: true }

/** A live query as an external store of React: subscribed while it has a listener. */
export class QueryStore<T extends Doc> {
  readonly #subscribe: (result: (result: FindResult<T>) => void, failed: (error: unknown) => void) => Cancel
  #state: QueryState<T> = loading

  constructor(
    client: Client,
    _class: ClassRef<T> | Ref<Class>,
    query: DocumentQuery<T>,
    options: FindOptions,
  ) {
    this.#subscribe = (result, failed) =>
      whenKnown(client, _class, failed, () => client.query(_class, query, options, result, failed))
  }

  readonly state = (): QueryState<T> => this.#state

  readonly initialState = (): QueryState<T> => loading

  readonly subscribe = (changed: () => void): Cancel => {
    const become = (state: QueryState<T>) => {
      this.#state = state
      changed()
    }
    return this.#subscribe(
      (data) => become({ data, error: undefined, isLoading: false }),
      (error) => become({ data: this.#state.data, error, isLoading: false }),
    )
  }
}

/** Subscribes at once if the class is known, otherwise when the model is loaded. */
function whenKnown(
  client: Client,
  _class: Ref<Class>,
  failed: (error: unknown) => void,
  begin: () => Cancel,
): Cancel {
  if (client.hierarchy.findClass(_class) !== undefined) return begin()
  let isOver = false
  let cancel: Cancel = () => undefined
  client.ready().then(
    () => {
      if (!isOver) cancel = begin()
    },
    (error: unknown) => {
      if (!isOver) failed(error)
    },
  )
  return () => {
    isOver = true
    cancel()
  }
}
