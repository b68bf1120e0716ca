import type { ClassRef } from '../../model/class-ref.ts'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { Client } from '../client.ts'
import type { Cancel } from '../runtime/environment.ts'

/** What a component knows of its query. */
export interface QueryState<T extends Doc> {
  /** The last result; `undefined` until the first one. */
  data: FindResult<T> | undefined
  /** Why there is no newer result; `undefined` when there is nothing wrong. */
  error: unknown
  /** There is neither a result nor an error yet. */
  isLoading: boolean
}

const loading: QueryState<never> = { data: undefined, error: undefined, isLoading: true }

/** One live query as React looks at it: subscribed to while somebody listens. */
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
      whenKnown(client, _class as Ref<Class>, failed, () =>
        client.query(_class, query, options, result, failed),
      )
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

/** Begins at once where the class is known, else when the model is loaded. */
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
