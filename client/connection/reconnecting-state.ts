import type { HelloResponse } from '../../protocol/messages.ts'
import type { Cancel } from '../runtime/environment.ts'
import type { ClientError } from '../runtime/errors.ts'
import type { Attempt } from './attempt.ts'
import type { Connection } from './connection.ts'
import type { Phase } from './connection-state.ts'
import type { ConnectionWatch } from './connection-watch.ts'

/**
 * The state of a `ReconnectingConnection`. A state carries only what is valid in it.
 *
 * ```
 *            start()              hello received
 *   idle ------------> connecting --------------> ready
 *                       ^      |                    |
 *        wait expired,  |      | socket closed,     | socket closed,
 *       network changed |      | dial timeout       | inactivity timeout
 *                       |      v                    |
 *                      waiting <--------------------+
 *
 *   connecting -- network is back, socket not open --> connecting, with a new attempt
 *   idle, waiting, connecting, ready, stopped -- no network --> offline
 *   offline -- network is back --> connecting
 *   offline -- no network at the next poll --> offline
 *   any but terminated -- stop(), the server refuses for good --> stopped
 *   stopped -- restart() --> connecting
 *   any -- terminate() --> terminated
 * ```
 */
export type State =
  | { name: 'idle' }
  /** `retryAt`: milliseconds since the epoch of the next attempt. */
  | { name: 'waiting'; retryAt: number; cancelWait: Cancel }
  | { name: 'connecting'; attempt: Attempt }
  | { name: 'ready'; attempt: Attempt; connection: Connection; hello: HelloResponse; watch: ConnectionWatch }
  | { name: 'offline'; cancelWait: Cancel }
  /** `refusal`: why the server refuses; `undefined` after `stop()`. */
  | { name: 'stopped'; refusal: ClientError | undefined }
  | { name: 'terminated' }

type Name = State['name']

const transitions: Record<Name, readonly Name[]> = {
  idle: ['connecting', 'offline', 'stopped', 'terminated'],
  waiting: ['connecting', 'offline', 'stopped', 'terminated'],
  connecting: ['ready', 'waiting', 'connecting', 'offline', 'stopped', 'terminated'],
  ready: ['waiting', 'offline', 'stopped', 'terminated'],
  offline: ['connecting', 'offline', 'stopped', 'terminated'],
  stopped: ['connecting', 'offline', 'terminated'],
  terminated: [],
}

/** @throws Error when the diagram has no such transition */
export function assertTransition(from: State, to: State): void {
  if (!transitions[from.name].includes(to.name)) throw new Error(`no transition ${from.name} -> ${to.name}`)
}

/** Releases the timers and the connection of a state, except those that the next state carries on. */
export function leave(state: State, next: State): void {
  switch (state.name) {
    case 'waiting':
    case 'offline':
      state.cancelWait()
      break
    case 'connecting':
      if (next.name !== 'ready') state.attempt.leave()
      break
    case 'ready':
      state.watch.stop()
      state.attempt.leave()
      break
  }
}

/** The phase that applications see. */
export function phaseOf({ name }: State): Phase {
  return name === 'idle' || name === 'waiting' ? 'disconnected' : name
}
