import { closeCodes } from '../../protocol/close-codes.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import { Reconnects } from './reconnect-window.ts'
import type { Session } from './session.ts'

/** Milliseconds in which a connection whose session id is asked for again has to answer. */
const ANSWER_TIME = 1000

/** Which session has which session id of its workspace, and which had it a moment ago. */
export class SessionIds {
  readonly #holders = new Map<string, Session>()
  readonly #reconnects: Reconnects
  readonly #returning = new WeakSet<Session>()
  readonly #wheel: TimerWheel

  /** @param window milliseconds in which a session that comes back is told so */
  constructor(wheel: TimerWheel, window: number) {
    this.#wheel = wheel
    this.#reconnects = new Reconnects(wheel, window)
  }

  /** Sessions that were there a moment ago. */
  get remembered(): number {
    return this.#reconnects.size
  }

  /** Whether another connection has the id, be it of the same account. */
  isHeld(session: Session): boolean {
    return this.#holders.has(keyOf(session))
  }

  /** Whether no other account has the id. */
  isFree(session: Session): boolean {
    const holder = this.#holders.get(keyOf(session))
    return holder === undefined || holder.token.person === session.token.person
  }

  /**
   * Has the session take its id. Another connection of the account that has it keeps it if it answers within a second:
   * it is another tab then, else what is left of a line that was cut, and goes.
   *
   * @returns `false`: the id is in use
   */
  async take(session: Session): Promise<boolean> {
    const key = keyOf(session)
    // Several may wait for the same one: whoever comes first is asked by the next.
    for (let holder = this.#holders.get(key); holder !== undefined; holder = this.#holders.get(key)) {
      if (!this.isFree(session)) return false
      holder.ping(true)
      const isAlive = await holder.liveness.within(ANSWER_TIME, this.#wheel)
      if (session.isOver || isAlive) return false
      if (this.#holders.get(key) === holder) holder.close(closeCodes.replaced)
    }
    if (this.#reconnects.take(session.token.workspace, returnKey(session))) this.#returning.add(session)
    this.#holders.set(key, session)
    return true
  }

  /** Whether it took up where it was a moment ago. */
  isReturning(session: Session): boolean {
    return this.#returning.has(session)
  }

  /** The session is over. */
  release(session: Session): void {
    const key = keyOf(session)
    if (this.#holders.get(key) === session) this.#holders.delete(key)
  }

  /** It may come back. */
  remember(session: Session): void {
    this.#reconnects.remember(session.token.workspace, returnKey(session))
  }

  /** The workspace has been closed: nobody can take up where he was. */
  forget(workspace: string): void {
    this.#reconnects.forget(workspace)
  }
}

function keyOf({ token, id }: Session): string {
  return `${token.workspace}/${id}`
}

function returnKey({ token, id }: Session): string {
  return `${token.person}/${id}`
}
