import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { CloseReason } from '../../protocol/close-codes.ts'
import type { HelloRequest } from '../../protocol/messages.ts'
import { type FrameFormat, initialFormat } from '../wire/frame-format.ts'
import type { EarlyMessages } from './early-messages.ts'

/**
 * ```
 * authenticating --> entering --> open --> finishing
 *        \              \          \           \
 *         \______________\__________\___________\--> closing --> closed
 * ```
 * Messages that arrive before `open` are kept, in order. `finishing`: no request is started, and the session closes when
 * those that run were responded to. `closing`: the session is over, its socket is not. Every state may lead to `closed`.
 */
export type SessionState =
  | { name: 'authenticating' | 'entering'; early: EarlyMessages }
  | ({ name: 'open' } & Opened)
  | ({ name: 'finishing'; reason: Reason } & Opened)
  | { name: 'closing' }
  | { name: 'closed' }

/** Where each state may lead. From `open` or `finishing` to itself: the client has changed its settings. */
export const transitions: Record<SessionState['name'], readonly SessionState['name'][]> = {
  authenticating: ['entering', 'closing', 'closed'],
  entering: ['open', 'closing', 'closed'],
  open: ['open', 'finishing', 'closing', 'closed'],
  finishing: ['finishing', 'closing', 'closed'],
  closing: ['closed'],
  closed: [],
}

/** The workspace that a session is in, and what its client wants. */
export interface Opened {
  readonly pipeline: Pipeline
  readonly caller: Caller
  readonly settings: Settings
}

/** What a client says of itself in `hello`. */
export interface Settings {
  readonly protocol: 1 | 2
  /** `false`: no transactions are pushed to the session. */
  readonly broadcast: boolean
  readonly format: FrameFormat
}

export type Reason = Pick<CloseReason, 'code' | 'reason'>

/** Of a client that has not said hello. */
export const initialSettings: Settings = { protocol: 1, broadcast: true, format: initialFormat }

/** A client of protocol 2 stays one, also when a later hello does not say so. */
export function settingsOf(hello: HelloRequest, { protocol, format }: Settings): Settings {
  const isSecond = hello.protocol === 2
  return {
    protocol: isSecond ? 2 : protocol,
    broadcast: hello.broadcast ?? true,
    format: {
      binary: hello.binary ?? false,
      numbered: isSecond || format.numbered,
      compressed: isSecond ? (hello.compression ?? false) : format.compressed,
    },
  }
}
