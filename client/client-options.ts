import type { Account, Ref } from '../model/documents.ts'
import {
  type ClientLogger,
  type Clock,
  dialPlatform,
  type Environment,
  type Network,
  silentLogger,
  systemClock,
  systemNetwork,
} from './environment.ts'
import type { GetToken } from './reconnecting/token-source.ts'
import type { ClientStore } from './store/client-store.ts'
import type { Dial } from './web-socket.ts'

export interface ClientOptions {
  /** `ws://HOST:PORT` or `wss://…` */
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
  /** One id for all connections of this client. Default: a generated one. */
  sessionId?: string
  /** Milliseconds from dialing to the server's hello. Default: 20,000. */
  dialTimeout?: number
  /** Milliseconds without a word after which the connection is taken for dead. Default: 60,000. */
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
}

export function environmentOf(options: ClientOptions): Environment {
  return {
    dial: options.dial ?? dialPlatform,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    logger: options.logger ?? silentLogger,
    network: options.network ?? systemNetwork,
  }
}
