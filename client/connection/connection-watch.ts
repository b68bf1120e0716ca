import type { Connection } from './connection.ts'
import type { Environment } from '../runtime/environment.ts'
import { InactivityTimeout } from './inactivity-timeout.ts'
import { type GetToken, TokenRenewal } from './token-source.ts'

export interface ConnectionWatchOptions {
  connection: Connection
  token: string
  getToken: GetToken
  environment: Environment
  /** Milliseconds without a frame after which `inactive` is called. */
  inactivity: number
  inactive: () => void
  /** The next connection needs a fresh token. */
  renewalFailed: () => void
}

/** Watches a ready connection: detects inactivity, and renews its token. */
export class ConnectionWatch {
  readonly #inactivity: InactivityTimeout
  readonly #renewal: TokenRenewal

  constructor(options: ConnectionWatchOptions) {
    const { connection, token, getToken, environment, inactivity, inactive, renewalFailed } = options
    const { clock, logger } = environment
    this.#inactivity = new InactivityTimeout({ connection, clock, limit: inactivity, expired: inactive })
    this.#renewal = new TokenRenewal({
      clock,
      getToken,
      authenticate: (fresh) => connection.request('authenticate', [fresh]),
      failed: () => {
        logger.warn('the token was not renewed', {})
        renewalFailed()
      },
    })
    this.#renewal.use(token)
  }

  /** Finds out soon whether the connection is still alive. */
  check(): void {
    this.#inactivity.check()
  }

  stop(): void {
    this.#inactivity.stop()
    this.#renewal.stop()
  }
}
