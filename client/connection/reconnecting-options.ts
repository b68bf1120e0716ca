import type { HelloResponse, Response } from '../../protocol/messages.ts'
import type { PushListener } from './connection-options.ts'
import type { Environment } from '../runtime/environment.ts'
import type { ClientError } from '../runtime/errors.ts'
import type { ConnectionState } from './connection-state.ts'
import type { LargeMessage } from './requests.ts'
import type { GetToken } from './token-source.ts'

export interface ReconnectingOptions {
  /** `ws://HOST:PORT` or `wss://…`, with the path of a reverse proxy if there is one. */
  url: string
  getToken: GetToken
  environment: Environment
  /** The id of all connections, unless another client has it: the server recognizes a client that returns. */
  sessionId: string
  binary: boolean
  compression: boolean
  broadcast: boolean
  /** Milliseconds from dialing to the server's hello; the socket has half of them to open. */
  dialTimeout: number
  /** Milliseconds without a frame of the server after which the connection is dropped. */
  inactivity: number
  /** Requests that may wait for their responses. */
  maxOutstanding: number
}

export interface ReconnectingListener {
  /** Transactions, each once and in order, with the position in the log they lead to. */
  pushed: PushListener
  /** All that was loaded may be out of date. Called for the first connection too. */
  reload: () => void
  /** A connection resumes where the last one ended; the missed transactions follow. */
  resumed: (hello: HelloResponse) => void
  /** The server refuses for good. */
  refused: (error: ClientError) => void
  stateChanged: (state: ConnectionState) => void
  largeMessage: (message: LargeMessage) => void
  /** The server sent a signal, such as an upgrade or a refusal. */
  signalled: (signal: Response) => void
}
