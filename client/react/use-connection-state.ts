import { useMemo, useSyncExternalStore } from 'react'
import type { Client } from '../client.ts'
import type { Cancel } from '../runtime/environment.ts'
import type { ConnectionState } from '../connection/connection-state.ts'
import { useClient } from './atrium-provider.tsx'

/**
 * Returns the state of the client's connection, or a part of it. The component renders again when that changes.
 *
 * @param select returns a part of the state. Default: all of it, which changes with every request
 *
 * @example
 * const phase = useConnectionState(({ phase }) => phase)
 */
export function useConnectionState(): ConnectionState
export function useConnectionState<T extends string | number | boolean | undefined>(
  select: (state: ConnectionState) => T,
): T
export function useConnectionState(select: (state: ConnectionState) => unknown = (state) => state): unknown {
  const client = useClient()
  const store = useMemo(() => new StateStore(client), [client])
  const selected = () => select(store.state)
  return useSyncExternalStore(store.subscribe, selected, selected)
}

/** Returns the same object until the state changes, as `useSyncExternalStore` requires. */
class StateStore {
  readonly #client: Client
  state: ConnectionState

  constructor(client: Client) {
    this.#client = client
    this.state = client.connectionState()
  }

  readonly subscribe = (changed: () => void): Cancel => {
    this.state = this.#client.connectionState()
    return this.#client.onConnectionState((state) => {
      this.state = state
      changed()
    })
  }
}
