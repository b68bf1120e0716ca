import type { Status } from '../../model/status.ts'

/**
 * The phase of a client's connection:
 *
 * - `disconnected`: not started, or waiting for the next attempt.
 * - `connecting`: an attempt is under way, up to the server's hello.
 * - `ready`: connected.
 * - `offline`: there is no network.
 * - `stopped`: by `stop()`, or because the server refuses for good. `restart()` connects again.
 * - `terminated`: by `terminate()`. Final.
 *
 * The diagram of the transitions stands above `State` in `reconnecting-state.ts`.
 */
export type Phase = 'disconnected' | 'connecting' | 'ready' | 'offline' | 'stopped' | 'terminated'

/** Why a connection ended. */
export interface CloseInfo {
  /** Close code of the WebSocket; 1006 when the socket closed without one, `0` when the client ended the connection. */
  code: number
  reason: string
  /** The refusal that the server sent before it closed. */
  status?: Status | undefined
}

/** A snapshot of the connection. */
export interface ConnectionState {
  phase: Phase
  /** `pause()` holds requests back. */
  paused: boolean
  /** Requests without a response, sent or not. */
  unanswered: number
  /** When the oldest of them was made, in milliseconds since the epoch. */
  oldestRequest: number | undefined
  /** Connections that became ready. */
  connectionCount: number
  /** Attempts since all requests were last answered. */
  retries: number
  /** When the next attempt starts, in milliseconds since the epoch; only while `disconnected`. */
  retryAt: number | undefined
  lastClose: CloseInfo | undefined
}
