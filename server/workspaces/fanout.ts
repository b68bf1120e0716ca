import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { Push } from '../../pipeline/push/push.ts'
import type { Members } from './members.ts'
import { RecipientFrames } from './recipient-frames.ts'
import type { WorkspaceMember } from './workspace-member.ts'

/** Sends what was committed to the sessions of a workspace. */
export class Fanout {
  readonly #members: Members
  readonly #observeLag: (seconds: number) => void

  /** @param observeLag gets the seconds from a commit until its pushes were handed to the sockets */
  constructor(members: Members, observeLag: (seconds: number) => void) {
    this.#members = members
    this.#observeLag = observeLag
  }

  /** Pushes to those who are there now, after the responses to the senders, which are on their way by promises. */
  push(pipeline: Pipeline, pushes: readonly Push[]): void {
    const present = [...this.#members]
    if (present.length > 0) process.nextTick(() => this.#broadcast(pipeline, pushes, present))
  }

  /** A commit is not pushed. The next push would step over it, so these sessions get no more. */
  stop(): void {
    for (const member of this.#members) member.stopPushes()
  }

  #broadcast(pipeline: Pipeline, pushes: readonly Push[], members: readonly WorkspaceMember[]): void {
    const started = performance.now()
    const frames = new RecipientFrames(pushes, pipeline.mayReceive)
    for (const member of members) {
      const { caller, protocol } = member
      const own = caller === undefined ? undefined : frames.for({ caller, protocol })
      if (own !== undefined) member.push(own)
    }
    setImmediate(() => this.#observeLag((performance.now() - started) / 1000))
  }
}
