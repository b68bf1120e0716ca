import type { Connection } from './connection.ts'
import type { Environment } from '../runtime/environment.ts'
import { InactivityTimeout } from './inactivity-timeout.ts'
import { type GetToken, TokenRenewal } from './token-source.ts'

/** Watches over a connection that is ready: whether anything comes, and whether its token is still good. */
export class ConnectionWatch {
  readonly #silence: InactivityTimeout
  readonly #renewal: TokenRenewal

  /** @param options.patience milliseconds without a word */
  constructor(options: {
    connection: Connection
    token: string
    getToken: GetToken
    environment: Environment
    patience: number
    silent: () => void
    /** A renewal failed: the next connection needs a fresh token. */
    notRenewed: () => void
  }) {
    const { connection, token, getToken, environment, patience, silent } = options
    const { clock, logger } = environment
    this.#silence = new InactivityTimeout({ connection, clock, patience, dead: silent })
    this.#renewal = new TokenRenewal({
      clock,
      getToken,
      authenticate: (fresh) => connection.request('authenticate', [fresh]),
      failed: () => {
        logger.warn('the token was not renewed', {})
        options.notRenewed()
      },
    })
    this.#renewal.use(token)
  }

  /** Finds out soon whether it is still there. */
  check(): void {
    this.#silence.check()
  }

  stop(): void {
    this.#silence.stop()
    this.#renewal.stop()
  }
}
