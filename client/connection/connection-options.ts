import type { Tx } from '../../model/transactions.ts'
import type { HelloResponse, LogPosition } from '../../protocol/messages.ts'
import type { Dial } from '../runtime/web-socket.ts'

export interface ConnectionOptions {
  /** `ws://HOST:PORT`, with the path the server is behind where there is one. */
  url: string
  /** For one workspace. */
  token: string
  dial: Dial
  sessionId?: string
  /** Answers packed with msgpackr rather than as JSON text. */
  binary?: boolean
  /** `false`: no transactions of others. */
  broadcast?: boolean
  /** 2: numbered pushes, `query`, `resume`, requests in binary where `binary` is set. 1 when left out. */
  protocol?: 1 | 2
  /** Protocol 2: long answers come compressed. */
  compression?: boolean
  /** Protocol 2: the place in the log to go on from. */
  resume?: LogPosition | undefined
  /** Called when the socket is open, before hello. */
  onOpen?: () => void
  /** Called with the server's hello, before anything that came right behind it. */
  onHello?: (hello: HelloResponse) => void
  /** Called with what a listener throws. Default: it is thrown where nobody catches it. */
  onError?: (error: unknown) => void
  /** Milliseconds until `open` gives up. */
  timeout?: number
}

/**
 * Called with transactions as they are committed, and with the place in the log they lead to (protocol 2); of those that
 * were missed each has a place of its own. `after`: the place they follow, where the server tells it.
 */
export type PushListener = (
  txes: Tx[],
  seq: number | undefined,
  seqs: number[] | undefined,
  after: number | undefined,
) => void

/** Documents received so far of a long answer. */
export type ProgressListener = (documents: number) => void

/** Watches one request. */
export interface ExchangeObserver {
  progress?: ProgressListener | undefined
  /** A frame of the answer came: its bytes (of JSON text: its characters). */
  received?: ((bytes: number) => void) | undefined
}
