import type { Class, Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { type Tx, type TxCUD, type TxWorkspaceEvent, WorkspaceEvent } from '../../model/transactions.ts'
import type { Cancel } from '../environment.ts'
import {
  LiveQuery,
  type Pushed,
  type QueryListener,
  type QueryRequest,
  type QuerySource,
} from './live-query.ts'

/** All live queries of a client; identical ones are one. */
export class LiveQueries {
  readonly #source: QuerySource
  readonly #queries = new Map<string, LiveQuery>()

  constructor(source: QuerySource) {
    this.#source = source
  }

  get size(): number {
    return this.#queries.size
  }

  /** Calls back with the result, as soon as it is known and whenever it changes. Call the answer to stop. */
  subscribe(request: QueryRequest, listener: QueryListener): Cancel {
    const key = JSON.stringify([request._class, request.query, request.options])
    let query = this.#queries.get(key)
    if (query === undefined) this.#queries.set(key, (query = new LiveQuery(request, this.#source)))
    const isFirst = query.listeners.size === 0
    query.listeners.add(listener)
    if (isFirst) query.ask()
    else if (query.result !== undefined) listener.result(query.result)
    return () => this.#unsubscribe(key, listener)
  }

  /** Takes in what was pushed. */
  apply(pushes: readonly Pushed<Tx>[], modelChanged: boolean): void {
    const changes = pushes.filter(isChange)
    for (const query of this.#all()) query.apply(changes)
    for (const { tx } of pushes)
      if (tx._class === core.class.TxWorkspaceEvent) this.#announced(tx as TxWorkspaceEvent)
    // Classes have changed: every plan may have.
    if (modelChanged) this.ask()
    this.show()
  }

  /** What was pushed has a gap: all queries are about to be asked again. */
  forget(): void {
    for (const query of this.#all()) query.forget()
  }

  ask(): void {
    for (const query of this.#all()) query.ask()
  }

  /** What is shown may have changed without a transaction. */
  show(): void {
    for (const query of this.#all()) query.show()
  }

  stop(): void {
    for (const query of this.#all()) query.stop()
    this.#queries.clear()
  }

  #all(): LiveQuery[] {
    return [...this.#queries.values()]
  }

  #announced({ event, params }: TxWorkspaceEvent): void {
    if (event === WorkspaceEvent.SecurityChange) this.ask()
    if (event !== WorkspaceEvent.BulkUpdate) return
    const { _class: classes = [] } = (params ?? {}) as { _class?: Ref<Class>[] }
    const domains = new Set(classes.map((_class) => this.#source.model.hierarchy.domainOf(_class)))
    for (const query of this.#all()) if (query.concerns(domains)) query.ask()
  }

  #unsubscribe(key: string, listener: QueryListener): void {
    const query = this.#queries.get(key)
    query?.listeners.delete(listener)
    if (query === undefined || query.listeners.size > 0) return
    query.stop()
    this.#queries.delete(key)
  }
}

function isChange(push: Pushed<Tx>): push is Pushed<TxCUD> {
  return 'objectId' in push.tx && 'objectClass' in push.tx
}
