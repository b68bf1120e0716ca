import type { Status } from '../model/status.ts'

/** The `id` of the hello exchange, of refusals and of signals that answer no request. */
export const SIGNAL_ID = -1

export type RequestId = number | string

/** A client's request; `hello` is one with `method: 'hello'`. */
export interface Request {
  id: RequestId
  method: string
  params: unknown[]
}

export interface HelloRequest extends Request {
  method: 'hello'
  /** Answers are packed with msgpackr. */
  binary?: boolean | undefined
  /** Protocol 2: long answers come compressed, and never the one to hello; without effect for protocol 1. */
  compression?: boolean | undefined
  /** `false`: no transactions are pushed to this session. */
  broadcast?: boolean | undefined
  /** 2: the client understands the fields and frames of “Protocol 2” in PROTOCOL.md. */
  protocol?: number | undefined
  /** Protocol 2: the last it knows of the workspace's log. */
  resume?: LogPosition | undefined
}

/** A place in a workspace's log. */
export interface LogPosition {
  /** Of this log: another one begins when a workspace was restored. */
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
  /** From here on protocol 2. The log's epoch, and its last `seq` as far as the client is told of it. */
  protocol?: 2
  epoch?: string
  seq?: number
  /** `_id` of the session's account. */
  account?: string
  modelVersion?: string
  /** Of all model transactions: see `loadModel`. */
  modelHash?: string
  features?: readonly string[]
  /** Bytes of the largest message the server takes. */
  maxPayload?: number
  /** Answers a `resume`. `true`: what was missed follows, its last frame with this `seq`; `false`: ask again for all. */
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
  /** With a refusal: the client need not try again. */
  terminate?: boolean
  /** Protocol 2, of a push and of the answer to `query`: the last of the log it takes into account. */
  seq?: number
  /** Protocol 2, of a push: the position it follows. A client that is at an earlier one has missed something. */
  after?: number
  /** Of each transaction of a push that holds what was missed: these are of several commits. */
  seqs?: number[]
}
