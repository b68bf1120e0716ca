import type { Account, Ref } from '../model/documents.ts'
import type { ClientLogger } from './runtime/client-logger.ts'
import {
  type Clock,
  dialPlatform,
  type Environment,
  type Network,
  silentLogger,
  systemClock,
  systemNetwork,
} from './runtime/environment.ts'
import { callSafely, type Report, safeLogger } from './runtime/report.ts'
import type { GetToken } from './connection/token-source.ts'
import type { ClientStore } from './store/client-store.ts'
import type { Dial } from './runtime/web-socket.ts'

export interface ClientOptions {
  /** `ws://HOST:PORT` or `wss://…`, with the path of a reverse proxy if there is one. */
  url: string
  /** Returns the token for the workspace. Called with `isFresh` before the token expires, and when it was refused. */
  getToken: GetToken
  /** Messages are packed with msgpackr instead of JSON text, in both directions. Default: `true`. */
  binary?: boolean
  /** Long responses are compressed. Default: `true`. */
  compression?: boolean
  /** `false`: transactions are not pushed, and live queries are not updated. Default: `true`. */
  broadcast?: boolean
  /** Stores the model, the account and unsent changes across reloads of the page or process. Default: none. */
  store?: ClientStore
  /** The account that signs changes before the first connection. Default: the one in the store. */
  account?: Ref<Account>
  /** The session id of all connections; replaced when another client has it. Default: a generated one. */
  sessionId?: string
  /** Milliseconds from dialing to the server's hello; the socket has half of them to open. Default: 20,000. */
  dialTimeout?: number
  /** Milliseconds without a message of the server after which the connection is dropped. Default: 60,000. */
  inactivity?: number
  /** Requests that may wait for their responses; more are rejected as `overloaded`. Default: 10,000. */
  maxOutstanding?: number
  /** Default: the platform's WebSocket; `dialNode` for clients of `createNodeClient`. */
  dial?: Dial
  clock?: Clock
  /** Returns a number from 0 to below 1. Default: `Math.random`. */
  random?: () => number
  logger?: ClientLogger
  network?: Network
  /** Results of queries are frozen. Default: whether `NODE_ENV` is set and is not `production`. */
  freeze?: boolean
}

/** @param failed called with each error that code of the application throws */
export function environmentOf(options: ClientOptions, failed: Report): Environment {
  const logger = safeLogger(options.logger ?? silentLogger)
  const report: Report = (error) => {
    logger.warn('code of the application failed', { error })
    failed(error)
  }
  return {
    dial: options.dial ?? dialPlatform,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    logger,
    network: safeNetwork(options.network ?? systemNetwork, report),
    report,
  }
}

/** A network whose `isOnline` does not throw: an error counts as online. */
function safeNetwork({ isOnline, subscribe }: Network, report: Report): Network {
  return {
    isOnline: () => {
      try {
        return isOnline()
      } catch (error) {
        report(error)
        return true
      }
    },
    subscribe: (listener) => {
      const cancel = subscribe(listener)
      return () => callSafely(report, cancel)
    },
  }
}
