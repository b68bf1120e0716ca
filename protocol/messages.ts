import type { Status } from '../model/status.ts'

/** The `id` of the hello exchange, of rejections, and of signals without a request. */
export const SIGNAL_ID = -1

export type RequestId = number | string

/** A client's request. `hello` has the method `hello`. */
export interface Request {
  id: RequestId
  method: string
  params: unknown[]
  /** Protocol 2: the idempotency key of a call of a module's method. The same when the call is sent again. */
  key?: string | undefined
  /** Protocol 2: the call was sent before. */
  again?: SentBefore | undefined
  /** Protocol 2: the method streams, and so many values may be sent before the client asks for more. */
  stream?: number | undefined
}

/** When and to whom a call was first sent. */
export interface SentBefore {
  /** The `instance` of the hello on that connection; empty if it is not known. */
  instance: string
  /** Milliseconds since then. */
  age: number
}

export interface HelloRequest extends Request {
  method: 'hello'
  /** Responses are packed with msgpackr. */
  binary?: boolean | undefined
  /** Protocol 2: long responses are compressed, except that to hello. No effect for protocol 1. */
  compression?: boolean | undefined
  /** `false`: the session receives no pushes. */
  broadcast?: boolean | undefined
  /** 2: the client understands the fields and frames of “Protocol 2” in PROTOCOL.md. */
  protocol?: number | undefined
  /** Protocol 2: the last log position that the client knows. */
  resume?: LogPosition | undefined
}

/** A position in the log of a workspace. */
export interface LogPosition {
  /** Identifies the log: a restore starts another epoch. */
  epoch: string
  seq: number
}

export interface HelloResponse {
  id: typeof SIGNAL_ID
  result: 'hello'
  binary: boolean
  reconnect: boolean
  alreadyConnected?: true
  serverVersion?: string
  error?: Status
  /** Protocol 2 from here on. The epoch of the log, and the last `seq` that the client is told of. */
  protocol?: 2
  epoch?: string
  seq?: number
  /** `_id` of the session's account. */
  account?: string
  modelVersion?: string
  /** Hash of all model transactions, see `loadModel`. */
  modelHash?: string
  features?: readonly string[]
  /** Names the time since the workspace was opened: what the server remembers of calls, it knows since then. */
  instance?: string
  /** Maximum size of a message to the server, in bytes. */
  maxPayload?: number
  /**
   * The result of a `resume`. `true`: the missed pushes follow, and the last frame has this `seq`; `false`: the
   * client reloads.
   */
  resumed?: boolean
}

export interface Chunk {
  /** From 1. */
  index: number
  final: boolean
}

export interface Response {
  id?: RequestId
  result?: unknown
  error?: Status
  chunk?: Chunk
  /** With an error: the client need not retry. */
  terminate?: boolean
  /** Protocol 2, of a push and of a response to `query`: the last log position that it includes. */
  seq?: number
  /** Protocol 2, of a push: the log position before it. A client at an earlier position has missed something. */
  after?: number
  /** Protocol 2: `true` with each value of a stream, `false` with its end. */
  more?: boolean
  /** Of each transaction in a push of missed ones, which belong to several commits. */
  seqs?: number[]
}
