import type { HelloResponse, Response } from '../../protocol/messages.ts'
import type { PushListener } from './connection-options.ts'
import type { Environment } from '../runtime/environment.ts'
import type { ClientError } from '../runtime/errors.ts'
import type { ConnectionState } from './connection-state.ts'
import type { LargeMessage } from './requests.ts'
import type { GetToken } from './token-source.ts'

export interface ReconnectingOptions {
  /** `ws://HOST:PORT`, with the path the server is behind where there is one. */
  url: string
  getToken: GetToken
  environment: Environment
  /** One id for all connections, unless another client has it: the server knows a client that comes back. */
  sessionId: string
  binary: boolean
  compression: boolean
  broadcast: boolean
  /** Milliseconds from dialing to the server's hello; the socket has half of them to open. */
  dialTimeout: number
  /** Milliseconds without a word from the server after which the connection is taken for dead. */
  inactivity: number
  /** Requests that may wait for their answers. */
  maxOutstanding: number
}

export interface ReconnectingListener {
  /** Transactions, each once and in order, with the place in the log they lead to, or with that of each. */
  pushed: PushListener
  /** What was known may be out of date: everything has to be asked for again. Once after each first connection too. */
  reload: () => void
  /** A connection goes on where the last one ended; what was missed is about to be pushed. */
  resumed: (hello: HelloResponse) => void
  /** The server wants no return. */
  refused: (error: ClientError) => void
  stateChanged: (state: ConnectionState) => void
  largeMessage: (message: LargeMessage) => void
  /** The server said something unasked: an upgrade, a refusal. */
  signalled: (signal: Response) => void
}
