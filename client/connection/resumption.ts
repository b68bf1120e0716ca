import { generateId } from '../../model/generate-id.ts'
import type { HelloResponse, LogPosition } from '../../protocol/messages.ts'
import { PositionTracker } from './position-tracker.ts'

/** The parameters by which an attempt continues the last connection. */
export interface AttemptParameters {
  sessionId: string
  /** `getToken` is asked for a fresh token. */
  isFresh: boolean
  /** The position in the log to resume from. */
  resume: LogPosition | undefined
}

/** State that outlives a connection: session id, position in the log, and whether the token has to be replaced. */
export class Resumption {
  readonly position = new PositionTracker()
  #sessionId: string
  #needsFreshToken = false

  constructor(sessionId: string) {
    this.#sessionId = sessionId
  }

  get parameters(): AttemptParameters {
    return { sessionId: this.#sessionId, isFresh: this.#needsFreshToken, resume: this.position.current }
  }

  /** @returns `true` when the server pushes the missed transactions; otherwise everything has to be loaded again */
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
