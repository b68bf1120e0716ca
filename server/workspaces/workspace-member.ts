import type { Caller } from '../../pipeline/shared/caller.ts'
import type { CloseReason } from '../../protocol/close-codes.ts'
import type { Response } from '../../protocol/messages.ts'
import type { Token } from '../auth/tokens.ts'
import type { PushFrames } from '../wire/push-frames.ts'

/** All that a workspace knows of a session in it. */
export interface WorkspaceMember {
  readonly token: Token
  /** `undefined` while the session is not open. */
  readonly caller: Caller | undefined
  /** Clients of protocol 2 are sent positions in the log. */
  readonly protocol: 1 | 2
  /** Sends a frame that responds to no request. */
  signal: (response: Response) => void
  push: (frames: PushFrames) => void
  /** A commit is not pushed to the session, so nothing after it is: the client resumes when it is back. */
  stopPushes: () => void
  /** Sends what waits, then closes the connection. Idempotent. */
  close: (reason: Pick<CloseReason, 'code' | 'reason'>) => void
}
