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
  /** `ws://HOST:PORT` or `wss://…`, with the path the server is behind where there is one. */
  url: string
  /** The token for the workspace; asked for a fresh one before it expires, and when it was refused. */
  getToken: GetToken
  /** Packed with msgpackr, both ways, rather than as JSON text. Default: `true`. */
  binary?: boolean
  /** Long answers come compressed. Default: `true`. */
  compression?: boolean
  /** `false`: no transactions are pushed, and live queries do not live. Default: `true`. */
  broadcast?: boolean
  /** Keeps the model, the account and unanswered changes over reloads of a page or process. Default: none. */
  store?: ClientStore
  /** The account to sign with before the first connection. Default: the one the store keeps. */
  account?: Ref<Account>
  /** One id for all connections of this client; another one where it is taken. Default: a generated one. */
  sessionId?: string
  /** Milliseconds from dialing to the server's hello; the socket has half of them to open. Default: 20,000. */
  dialTimeout?: number
  /** Milliseconds without a word after which the connection is taken for dead, whatever is due. Default: 60,000. */
  inactivity?: number
  /** Requests that may wait for their answers; more are refused. Default: 10,000. */
  maxOutstanding?: number
  /** Default: the platform's WebSocket; on Node before 22 `dialNode`. */
  dial?: Dial
  clock?: Clock
  /** From 0 to below 1. */
  random?: () => number
  logger?: ClientLogger
  network?: Network
  /** What queries find is frozen. Default: where `NODE_ENV` is told and is not `production`. */
  freeze?: boolean
}

/** @param failed told of each error in code of the application */
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

/** Where it cannot be told, there is one. */
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
