import { closeCodes } from '../../protocol/close-codes.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import { ReconnectWindow } from './reconnect-window.ts'
import type { Session } from './session.ts'

/** Milliseconds in which a connection has to respond to a ping when another one asks for its session id. */
const PING_TIMEOUT = 1000

/** Which session holds which session id of its workspace, and which held it within the reconnect window. */
export class SessionIds {
  readonly #holders = new Map<string, Session>()
  readonly #reconnects: ReconnectWindow
  readonly #returning = new WeakSet<Session>()
  readonly #wheel: TimerWheel

  /** @param window milliseconds in which a session that comes back is told so */
  constructor(wheel: TimerWheel, window: number) {
    this.#wheel = wheel
    this.#reconnects = new ReconnectWindow(wheel, window)
  }

  /** Sessions that ended within the reconnect window. */
  get remembered(): number {
    return this.#reconnects.size
  }

  /** Whether another connection holds the id, also one of the same account. */
  isHeld(session: Session): boolean {
    return this.#holders.has(keyOf(session))
  }

  /** Whether no other account holds the id. */
  isFree(session: Session): boolean {
    const holder = this.#holders.get(keyOf(session))
    return holder === undefined || holder.token.person === session.token.person
  }

  /**
   * Gives the session its id. Another connection of the account that holds the id keeps it when it responds to a ping
   * within a second: then it is another tab. Otherwise its line was cut, and it is closed.
   *
   * @returns `false`: the id is in use
   */
  async take(session: Session): Promise<boolean> {
    const key = keyOf(session)
    // Several connections may wait for one id: the first one gets it, and the next pings the first.
    for (let holder = this.#holders.get(key); holder !== undefined; holder = this.#holders.get(key)) {
      if (!this.isFree(session)) return false
      holder.ping(true)
      const isAlive = await holder.liveness.within(PING_TIMEOUT, this.#wheel)
      if (session.isOver || isAlive) return false
      if (this.#holders.get(key) === holder) holder.close(closeCodes.replaced)
    }
    if (this.#reconnects.take(session.token.workspace, returnKey(session))) this.#returning.add(session)
    this.#holders.set(key, session)
    return true
  }

  /** Whether it came back within the reconnect window. */
  isReturning(session: Session): boolean {
    return this.#returning.has(session)
  }

  /** The session is over. */
  release(session: Session): void {
    const key = keyOf(session)
    if (this.#holders.get(key) === session) this.#holders.delete(key)
  }

  /** The session ended, and may come back. */
  remember(session: Session): void {
    this.#reconnects.remember(session.token.workspace, returnKey(session))
  }

  /** The workspace was closed, so no session of it can resume. */
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
