import type { Status } from '../../model/status.ts'

/**
 * ```
 *                  dial            hello answered
 * disconnected ----------> connecting ----------> ready
 *      ^                       |                    |
 *      +----- socket gone, dial timeout, silence ---+
 *
 * disconnected, connecting, ready -- no network --> offline -- network --> connecting
 * any of them -- stop(), or a server that wants no return --> stopped -- restart() --> connecting
 * any of them -- terminate() --> terminated
 * ```
 * In `connecting` and `ready` the connection may be paused: requests wait, pushes come as ever.
 */
export type Phase = 'disconnected' | 'connecting' | 'ready' | 'offline' | 'stopped' | 'terminated'

export const transitions: Record<Phase, readonly Phase[]> = {
  disconnected: ['connecting', 'offline', 'stopped', 'terminated'],
  connecting: ['ready', 'disconnected', 'offline', 'stopped', 'terminated'],
  ready: ['disconnected', 'offline', 'stopped', 'terminated'],
  offline: ['connecting', 'stopped', 'terminated'],
  stopped: ['connecting', 'offline', 'terminated'],
  terminated: [],
}

/** Why a connection ended. */
export interface CloseInfo {
  /** Close code of the WebSocket; 1006 where it just went away, `0` where it ended on this side. */
  code: number
  reason: string
  /** What the server said before. */
  status?: Status | undefined
}

/** What is known of the connection at this moment. */
export interface ConnectionState {
  phase: Phase
  paused: boolean
  /** Requests without an answer, sent or not. */
  unanswered: number
  /** Milliseconds since the epoch of the oldest of them. */
  oldestRequest: number | undefined
  /** Connections that became ready. */
  connectionCount: number
  /** Attempts since requests were last all answered. */
  retries: number
  /** Milliseconds since the epoch of the next attempt, while `disconnected`. */
  retryAt: number | undefined
  lastClose: CloseInfo | undefined
}
