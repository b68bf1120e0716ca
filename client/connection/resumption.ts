import { generateId } from '../../model/generate-id.ts'
import type { HelloResponse, LogPlace } from '../../protocol/messages.ts'
import { LogPosition } from './log-position.ts'

/** What an attempt tells the server, so that it continues where the last connection ended. */
export interface AttemptParameters {
  sessionId: string
  /** `getToken` is asked for a fresh token. */
  isFresh: boolean
  /** The position in the log to resume from. */
  resume: LogPlace | undefined
}

/** What outlives a connection and decides how the next attempt is made. */
export class Resumption {
  readonly position = new LogPosition()
  #sessionId: string
  #needsFreshToken = false

  constructor(sessionId: string) {
    this.#sessionId = sessionId
  }

  get parameters(): AttemptParameters {
    return { sessionId: this.#sessionId, isFresh: this.#needsFreshToken, resume: this.position.current }
  }

  /** @returns whether the server sends what was missed; if not, everything has to be loaded again */
  connected({ resumed, epoch, seq }: HelloResponse): boolean {
    this.#needsFreshToken = false
    const resumes = this.position.current !== undefined && resumed === true
    if (!resumes) this.position.start(epoch, seq)
    return resumes
  }

  /** The server refused the token, or it could not be renewed. */
  discardToken(): void {
    this.#needsFreshToken = true
  }

  /** Another client has the session id, such as a duplicated page. */
  renewSessionId(): void {
    this.#sessionId = generateId()
  }
}
