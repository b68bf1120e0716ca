import type { Tx } from '../../model/transactions.ts'
import type { HelloResponse, LogPosition, Request } from '../../protocol/messages.ts'
import type { Dial } from '../runtime/web-socket.ts'

export interface ConnectionOptions {
  /** `ws://HOST:PORT` or `wss://…`, with the path of a reverse proxy if there is one. */
  url: string
  /** The token for one workspace. */
  token: string
  dial: Dial
  sessionId?: string
  /** Responses are packed with msgpackr instead of JSON text. */
  binary?: boolean
  /** `false`: transactions of others are not pushed. */
  broadcast?: boolean
  /** 2: numbered pushes, `query`, `resume`, and binary requests when `binary` is set. Default: 1. */
  protocol?: 1 | 2
  /** Protocol 2: long responses are compressed. */
  compression?: boolean
  /** Protocol 2: the position in the log to resume from. */
  resume?: LogPosition | undefined
  /** Called when the socket is open, before hello. */
  onOpen?: () => void
  /** Called with the server's hello, before any frame that follows it. */
  onHello?: (hello: HelloResponse) => void
  /** Called with the errors that listeners throw. Default: they are thrown as uncaught errors. */
  onError?: (error: unknown) => void
  /** Milliseconds until `open` gives up. Default: 30,000. */
  timeout?: number
}

/**
 * Called with committed transactions.
 *
 * @param seq position in the log that they lead to (protocol 2)
 * @param seqs position of each transaction, when they were missed and belong to several commits
 * @param after position that they follow, if the server sends it
 */
export type PushListener = (
  txes: Tx[],
  seq: number | undefined,
  seqs: number[] | undefined,
  after: number | undefined,
) => void

/** Called with the number of documents received so far of a long response. */
export type ProgressListener = (documents: number) => void

/** Fields of a request beside its id, method and params: see `Request`. */
export type CallFields = Pick<Request, 'key' | 'again' | 'stream'>

/** Observes one request. */
export interface ExchangeObserver {
  progress?: ProgressListener | undefined
  /** Called for each frame of the response with its bytes (for JSON text: its characters). */
  received?: ((bytes: number) => void) | undefined
  /** Called with each value of a stream. */
  value?: ((value: unknown) => void) | undefined
  /** Called with the id of the request when it is sent. */
  started?: ((id: number) => void) | undefined
}
