import { useMemo, useSyncExternalStore } from 'react'
import type { ClassRef } from '../../model/class-ref.ts'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import { queryKey } from './query-key.ts'
import { type QueryState, QueryStore } from './query-store.ts'
import { useClient } from './atrium-provider.tsx'

const nothing: QueryState<never> = { data: undefined, error: undefined, isLoading: false }
const skipped = {
  subscribe: () => () => undefined,
  state: () => nothing,
  initialState: () => nothing,
}

/**
 * Subscribes to a live query while the component is mounted. The query and the options may be new objects for each
 * rendering. With `'skip'` nothing is queried.
 *
 * @example
 * const { data = [], error, isLoading } = useQuery(board.class.Task, { status: 'todo' }, { limit: 20 })
 */
export function useQuery<T extends Doc = Doc>(
  _class: ClassRef<T> | Ref<Class>,
  query: DocumentQuery<T> | 'skip',
  options: FindOptions = {},
): QueryState<T> {
  const client = useClient()
  const key = queryKey(_class, query, options)
  const store = useMemo(
    () => (query === 'skip' ? skipped : new QueryStore(client, _class, query, options)),
    [client, key],
  )
  return useSyncExternalStore<QueryState<T>>(store.subscribe, store.state, store.initialState)
}
