import assert from 'node:assert'
import type { Account, Ref } from '../../model/documents.ts'
import { type CloseReason, closeCodes } from '../../protocol/close-codes.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import type { Push } from '../../pipeline/push/push.ts'
import { StorageError } from '../../storage/contract.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { WorkspaceListener } from '../../pipeline/push/workspace-listener.ts'
import { Deliveries } from './fanout.ts'
import type { Session } from '../sessions/session.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import { Turns } from '../time/keyed-queue.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import { Announcements } from './announcements.ts'
import { Eviction } from './eviction.ts'
import { UserStatuses } from './user-status.ts'

/**
 * ```
 * new --> opening --> open --> draining --> closed
 *   \        |  ^______/          ^           ^
 *    \       \____________________/           |
 *     \_______________________________________/
 * ```
 * `upgrade`: only upgrade tools are let in; a workspace that is open goes through `opening` again to get
 * there. Whoever comes after `closed` makes a new host.
 */
export type WorkspaceState =
  | { name: 'new' }
  | { name: 'opening'; pipeline: Promise<Pipeline>; upgrade: boolean }
  | { name: 'open'; pipeline: Pipeline; upgrade: boolean; statuses: UserStatuses | undefined }
  | { name: 'draining'; done: Promise<void>; pipeline: Pipeline | undefined }
  | { name: 'closed' }

const transitions: Record<WorkspaceState['name'], readonly WorkspaceState['name'][]> = {
  new: ['opening', 'closed'],
  opening: ['open', 'draining', 'closed', 'opening'],
  open: ['opening', 'draining'],
  draining: ['closed'],
  closed: [],
}

export interface HostOptions {
  id: string
  /** Opens the pipeline; what happens to it goes to `listener`. */
  open: (listener: Required<Omit<WorkspaceListener, 'logged'>>) => Promise<Pipeline>
  wheel: TimerWheel
  now: () => number
  logger: Logger
  /** Milliseconds without users until the workspace is closed. */
  idleTimeout: number
  /** Milliseconds that opening and closing may take. */
  openTimeout: number
  /** Milliseconds clients have to acknowledge that the model is about to change. */
  upgradeNotice: number
  /** Milliseconds after which a user without sessions is offline. */
  reconnectWindow: number
  /** Seconds from a commit until its pushes were handed to the sockets. */
  observeLag: (seconds: number) => void
  /** The workspace is closed, and this host is done. */
  closed: (host: WorkspaceHost) => void
}

/** One workspace that somebody is in, or wants into: its pipeline, and who is connected. */
export class WorkspaceHost {
  readonly id: string
  readonly sessions = new Set<Session>()
  /** Changes of accounts, by folded email. */
  readonly turns = new Turns()
  readonly #options: HostOptions
  readonly #byPerson = new Map<string, number>()
  readonly #people = new Map<Session, Ref<Account>>()
  readonly #eviction: Eviction
  readonly #announcements: Announcements
  #state: WorkspaceState = { name: 'new' }
  #entering = 0
  #users = 0
  #cancelIdle: Cancel | undefined

  constructor(options: HostOptions) {
    this.id = options.id
    this.#options = options
    const { wheel, now } = options
    this.#eviction = new Eviction(wheel, options.upgradeNotice)
    this.#announcements = new Announcements({
      wheel,
      now,
      indexed: (pushes) => this.#push(pushes),
      restored: (pushes) => {
        this.#committed(pushes)
        void this.#pushing?.restoring.announced()
      },
    })
  }

  get state(): WorkspaceState['name'] {
    return this.#state.name
  }

  get upgrading(): boolean {
    return 'upgrade' in this.#state && this.#state.upgrade
  }

  get queueDepth(): number {
    return this.#state.name === 'open' ? this.#state.pipeline.queueDepth() : 0
  }

  /** Nobody new can be let in: whoever wants in asks the registry again. */
  get isOver(): boolean {
    return this.#state.name === 'draining' || this.#state.name === 'closed'
  }

  /** Settled once the workspace is not on its way out. */
  async drained(): Promise<void> {
    if (this.#state.name === 'draining') await this.#state.done
  }

  /** Somebody wants in: the workspace stays at least until {@link leave} was called as often. */
  arrive(): void {
    this.#entering += 1
  }

  leave(): void {
    this.#entering -= 1
    this.#closeWhenRestored()
    this.#closeWhenEmpty()
  }

  /**
   * The pipeline, opened by whoever comes first; for upgrade tools after everyone else was put out.
   * @throws StorageError `closed` when the workspace closes: ask the registry again
   */
  async pipeline(upgrade: boolean): Promise<Pipeline> {
    // It may have begun to close since the caller arrived.
    if (this.isOver) throw new StorageError('closed', 'the workspace closes')
    if (upgrade && !this.upgrading) return await this.#opening(this.#reopened(), true)
    if (this.#state.name === 'open') return this.#state.pipeline
    if (this.#state.name === 'opening') return await this.#state.pipeline
    return await this.#opening(this.#open(), upgrade)
  }

  /** Sessions of an account. @param person folded email */
  sessionsOf(person: string): number {
    return this.#byPerson.get(person) ?? 0
  }

  /** Whether what was waited for is still what is open. */
  serves(pipeline: Pipeline): boolean {
    return this.#state.name === 'open' && this.#state.pipeline === pipeline
  }

  join(session: Session, { account, system }: Caller): void {
    this.sessions.add(session)
    this.#countPerson(session, 1)
    if (session.token.mode === 'backup') return
    this.#users += 1
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    if (session.token.mode !== 'user' || system || account === '') return
    this.#people.set(session, account)
    this.#statuses?.joined(account)
  }

  /** The session is over. */
  part(session: Session): void {
    if (!this.sessions.delete(session)) return
    this.#countPerson(session, -1)
    this.#eviction.acknowledge(session)
    const account = this.#people.get(session)
    this.#people.delete(session)
    if (account !== undefined) this.#statuses?.left(account)
    if (session.token.mode !== 'backup') this.#users -= 1
    if (this.#users === 0 && session.token.mode === 'user' && this.#state.name === 'open') this.#startIdling()
    if (session.token.isBackup) this.#closeWhenRestored()
    this.#closeWhenEmpty()
  }

  /** A client knows that the model is about to change. */
  acknowledge(session: Session): void {
    this.#eviction.acknowledge(session)
  }

  /** Ends every session but `except`, then closes the files. Never fails, and never waits for ever. */
  async close(reason: CloseReason, options: { signal: boolean; except?: Session }): Promise<void> {
    const state = this.#state
    switch (state.name) {
      case 'draining':
        return await state.done
      case 'new':
        return this.#closed()
      case 'closed':
        return
      case 'opening':
      case 'open': {
        // Not before the state has changed: closing sessions looks at it.
        const done = Promise.resolve().then(async () => await this.#drain(state, reason, options))
        this.#become({ name: 'draining', done, pipeline: this.#pushing })
        return await done
      }
      default:
        state satisfies never
    }
  }

  #broadcast(pipeline: Pipeline, pushes: readonly Push[], sessions: readonly Session[]): void {
    if (sessions.length === 0) return
    const started = performance.now()
    const frames = new Deliveries(pushes, pipeline.mayReceive)
    for (const session of sessions) {
      const { caller, protocol } = session
      const own = caller === undefined ? undefined : frames.for({ caller, protocol })
      if (own !== undefined) session.push(own)
    }
    setImmediate(() => this.#options.observeLag((performance.now() - started) / 1000))
  }

  #become(state: WorkspaceState): void {
    assert(transitions[this.#state.name].includes(state.name), `${this.#state.name} to ${state.name}`)
    this.#state = state
  }

  #countPerson({ token: { person } }: Session, by: 1 | -1): void {
    const count = this.sessionsOf(person) + by
    if (count === 0) this.#byPerson.delete(person)
    else this.#byPerson.set(person, count)
  }

  /** What decides who hears of a commit; `undefined` while nothing is pushed. */
  get #pushing(): Pipeline | undefined {
    const state = this.#state
    if (state.name === 'open') return state.upgrade ? undefined : state.pipeline
    return state.name === 'draining' ? state.pipeline : undefined
  }

  #open(): Promise<Pipeline> {
    return this.#options.open({
      committed: (pushes) => this.#committed(pushes),
      indexed: (found) => this.#announcements.indexed.add(found),
      restored: (found) => this.#announcements.restored.add(found),
    })
  }

  #committed(pushes: Push[]): void {
    // The next push would step over it: nothing more is pushed to these sessions.
    if (!this.#push(pushes)) for (const session of this.sessions) session.leaveOut()
  }

  /** Tells whether anything is pushed now. */
  #push(pushes: Push[]): boolean {
    const pipeline = this.#pushing
    if (pipeline === undefined) return false
    // The answers to the senders are on their way by promises: pushes come after them, to who is there now.
    const present = [...this.sessions]
    process.nextTick(() => this.#broadcast(pipeline, pushes, present))
    return true
  }

  async #opening(opened: Promise<Pipeline>, upgrade: boolean): Promise<Pipeline> {
    const { logger } = this.#options
    const pipeline = this.#inTime(opened, 'opening')
    this.#become({ name: 'opening', pipeline, upgrade })
    const isCurrent = () => this.#state.name === 'opening' && this.#state.pipeline === pipeline
    try {
      const open = await pipeline
      if (isCurrent())
        this.#become({ name: 'open', pipeline: open, upgrade, statuses: this.#makeStatuses(open, upgrade) })
      return open
    } catch (error) {
      logger.error({ err: error, workspace: this.id }, 'a workspace did not open')
      // It may still open, when nobody waits for it any more.
      void opened.then(async (late) => await late.close()).catch(() => undefined)
      if (isCurrent()) this.#closed()
      throw error
    }
  }

  /** Puts everyone out, closes the pipeline where there is one, and opens another for upgrade tools. */
  async #reopened(): Promise<Pipeline> {
    const state = this.#state
    if (state.name === 'open' || state.name === 'opening') {
      this.#statuses?.stop()
      this.#announcements.stop()
      await this.#evict(closeCodes.upgrading, undefined)
      await this.#closePipeline(state.pipeline)
    }
    return await this.#open()
  }

  async #drain(
    state: Extract<WorkspaceState, { name: 'opening' | 'open' }>,
    reason: CloseReason,
    { signal, except }: { signal: boolean; except?: Session },
  ): Promise<void> {
    if (signal) await this.#evict(reason, except)
    else this.#closeSessions(reason, except)
    if (state.name === 'open') state.statuses?.stop()
    await this.#closePipeline(state.pipeline)
    this.#closed()
  }

  #startIdling(): void {
    const { wheel, idleTimeout } = this.#options
    this.#cancelIdle ??= wheel.schedule(idleTimeout, () => {
      this.#cancelIdle = undefined
      this.#closeWhenEmpty()
    })
  }

  /** Closes a workspace nobody is in, wants into, or left a short while ago. */
  #closeWhenEmpty(): void {
    if (this.sessions.size > 0 || this.#entering > 0 || this.#cancelIdle !== undefined || this.isOver) return
    void this.close(closeCodes.workspaceClosed, { signal: false })
  }

  /** A log that was restored is taken in by the next opening: everyone comes back to it. */
  #closeWhenRestored(): void {
    if (this.#state.name !== 'open' || !this.#state.pipeline.restoring.isLogReplaced) return
    // Whoever is on the way in may be the tool that comes back.
    if (this.#entering > 0) return
    if ([...this.sessions].some(({ token }) => token.isBackup)) return
    void this.close(closeCodes.workspaceClosed, { signal: false })
  }

  /** Tells everyone that the model is about to change, gives them a moment, and closes their sockets. */
  async #evict(reason: CloseReason, except: Session | undefined): Promise<void> {
    await this.#eviction.warn([...this.sessions].filter((session) => session !== except))
    this.#closeSessions(reason, except)
  }

  #closeSessions(reason: CloseReason, except: Session | undefined): void {
    for (const session of this.sessions) if (session !== except) session.close(reason)
  }

  async #closePipeline(pipeline: Pipeline | Promise<Pipeline>): Promise<void> {
    const closing = Promise.resolve(pipeline).then(async (open) => await open.close())
    try {
      await this.#inTime(closing, 'closing')
    } catch (error) {
      this.#options.logger.error({ err: error, workspace: this.id }, 'a workspace did not close')
    }
  }

  async #inTime<T>(promise: Promise<T>, doing: string): Promise<T> {
    const { wheel, openTimeout } = this.#options
    const schedule = wheel.schedule.bind(wheel)
    return await withTimeout(promise, {
      milliseconds: openTimeout,
      what: `${doing} workspace ${this.id}`,
      schedule,
    })
  }

  #makeStatuses(pipeline: Pipeline, upgrade: boolean): UserStatuses | undefined {
    if (upgrade) return undefined
    const { wheel, now, logger, reconnectWindow } = this.#options
    return new UserStatuses({ pipeline, wheel, now, logger, window: reconnectWindow })
  }

  get #statuses(): UserStatuses | undefined {
    return this.#state.name === 'open' ? this.#state.statuses : undefined
  }

  #closed(): void {
    this.#announcements.stop()
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    this.#become({ name: 'closed' })
    this.#options.closed(this)
  }
}
