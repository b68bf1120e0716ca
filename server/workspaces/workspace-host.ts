import assert from 'node:assert'
import { type CloseReason, closeCodes } from '../../protocol/close-codes.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { Push } from '../../pipeline/push/push.ts'
import type { Duplicates } from '../../pipeline/verify/find-duplicates.ts'
import { StorageError } from '../../storage/contract.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { MigrationStats, WorkspaceListener } from '../../pipeline/push/workspace-listener.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import { KeyedQueue } from '../time/keyed-queue.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import { Announcements } from './announcements.ts'
import { Eviction } from './eviction.ts'
import { Fanout } from './fanout.ts'
import { IdleTimer } from './idle-timer.ts'
import { Members } from './members.ts'
import { Opening } from './opening.ts'
import { UserStatuses } from './user-status.ts'
import type { WorkspaceMember } from './workspace-member.ts'
import { transitions, type WorkspaceState } from './workspace-state.ts'

/** Gets the events of the pipeline. `stop` ends a migration that holds up the opening. */
export type Opener = Required<Omit<WorkspaceListener, 'logged'>> & { stop: AbortSignal }

export interface HostOptions {
  id: string
  /** Opens the pipeline, with the listener of its events. */
  open: (options: Opener) => Promise<Pipeline>
  wheel: TimerWheel
  now: () => number
  logger: Logger
  /** Milliseconds without users until the workspace is closed. */
  idleTimeout: number
  /** Milliseconds that opening and closing may take. */
  openTimeout: number
  /** Milliseconds that clients have to acknowledge an upgrade. */
  upgradeNotice: number
  /** Milliseconds after which a user without sessions is offline. */
  reconnectWindow: number
  /** Gets the seconds from a commit until its pushes were given to the sockets. */
  observeLag: (seconds: number) => void
  /** Called when the workspace has closed. */
  closed: (host: WorkspaceHost) => void
}

/** One workspace that has sessions or applicants: the lifecycle of its pipeline. */
export class WorkspaceHost {
  readonly id: string
  readonly members = new Members()
  /** Changes of accounts take turns, by folded email. */
  readonly accountChanges = new KeyedQueue()
  readonly #options: HostOptions
  readonly #fanout: Fanout
  readonly #eviction: Eviction
  readonly #announcements: Announcements
  readonly #idleTimer: IdleTimer
  readonly #opener: Opening
  #state: WorkspaceState = { name: 'new' }
  /** Applicants on their way in. */
  #entering = 0
  /** The workspace closes when its work is done, if nobody has come until then. */
  #isWorkAwaited = false

  constructor(options: HostOptions) {
    this.id = options.id
    this.#options = options
    const { wheel, now } = options
    this.#idleTimer = new IdleTimer(wheel, options.idleTimeout, () => this.#closeWhenEmpty())
    this.#opener = new Opening(wheel)
    this.#fanout = new Fanout(this.members, options.observeLag)
    this.#eviction = new Eviction(this.members, wheel, options.upgradeNotice)
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

  /** Memory is short: what can be read again is dropped. */
  dropCaches(): void {
    if (this.#state.name === 'open') this.#state.pipeline.dropCaches()
  }

  get upgrading(): boolean {
    return 'upgrade' in this.#state && this.#state.upgrade
  }

  /** What administrators are told of migrations that run, and of documents that share a unique key. */
  get facts(): { migrations?: readonly MigrationStats[]; duplicates?: readonly Duplicates[] } {
    const pipeline = this.#state.name === 'open' ? this.#state.pipeline : undefined
    const { stats } = this.#opener
    const migrations = stats === undefined ? (pipeline?.migrations() ?? []) : [stats]
    const duplicates = pipeline?.duplicates() ?? []
    return {
      ...(migrations.length === 0 ? {} : { migrations }),
      ...(duplicates.length === 0 ? {} : { duplicates }),
    }
  }

  get queueDepth(): number {
    return this.#state.name === 'open' ? this.#state.pipeline.queueDepth() : 0
  }

  /** How far the asynchronous triggers are behind. */
  get triggerLags(): ReturnType<Pipeline['triggers']['lags']> {
    return this.#state.name === 'open' ? this.#state.pipeline.triggers.lags() : []
  }

  /** Nobody can be admitted any more: an applicant asks the registry again. */
  get isOver(): boolean {
    return this.#state.name === 'draining' || this.#state.name === 'closed'
  }

  /** Resolves once the workspace does not drain any more. */
  async drained(): Promise<void> {
    if (this.#state.name === 'draining') await this.#state.done
  }

  /** Somebody wants in: the workspace stays open at least until {@link leave} was called as often. */
  arrive(): void {
    this.#entering += 1
  }

  leave(): void {
    this.#entering -= 1
    this.#closeWhenRestored()
    this.#closeWhenEmpty()
  }

  /**
   * The pipeline, opened by the first caller. For upgrade tools it is opened again, after all other sessions were closed.
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

  /**
   * The same, for somebody who is told how far a migration has come instead of waiting for its end.
   * @throws StillMigrating
   */
  async pipelineUnlessMigrating(): Promise<Pipeline> {
    return await this.#opener.wait(this.pipeline(false))
  }

  /** Whether the pipeline is still the one that is open. */
  serves(pipeline: Pipeline): boolean {
    return this.#state.name === 'open' && this.#state.pipeline === pipeline
  }

  join(member: WorkspaceMember, caller: Caller): void {
    const online = this.members.add(member, caller)
    if (member.token.mode !== 'backup') this.#idleTimer.stop()
    if (online !== undefined) this.#statuses?.joined(online)
  }

  /** The session is over. */
  part(member: WorkspaceMember): void {
    const parted = this.members.remove(member)
    if (parted === undefined) return
    this.#eviction.acknowledge(member)
    if (parted.online !== undefined) this.#statuses?.left(parted.online)
    const { mode, isBackup } = member.token
    if (this.members.users === 0 && mode === 'user' && this.#state.name === 'open') this.#idleTimer.start()
    if (isBackup) this.#closeWhenRestored()
    this.#closeWhenEmpty()
  }

  /** A client knows that the model is about to change. */
  acknowledge(member: WorkspaceMember): void {
    this.#eviction.acknowledge(member)
  }

  /** Ends every session but `except`, then closes the files. Never rejects, and is bounded in time. */
  async close(reason: CloseReason, options: { signal: boolean; except?: WorkspaceMember }): Promise<void> {
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
        if (state.name === 'opening') this.#opener.stop()
        // After the state has changed, as closing sessions reads it.
        const done = Promise.resolve().then(async () => await this.#drain(state, reason, options))
        this.#become({ name: 'draining', done, pipeline: this.#pushing })
        return await done
      }
      default:
        state satisfies never
    }
  }

  #become(state: WorkspaceState): void {
    assert(transitions[this.#state.name].includes(state.name), `${this.#state.name} to ${state.name}`)
    this.#state = state
  }

  /** The pipeline whose commits are pushed; `undefined` while nothing is pushed. */
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
      migrating: (stats) => this.#opener.migrating(stats),
      stop: this.#opener.begin(),
    })
  }

  #committed(pushes: Push[]): void {
    if (!this.#push(pushes)) this.#fanout.stop()
  }

  /** @returns whether commits are pushed now */
  #push(pushes: Push[]): boolean {
    const pipeline = this.#pushing
    if (pipeline === undefined) return false
    this.#fanout.push(pipeline, pushes)
    return true
  }

  async #opening(opened: Promise<Pipeline>, upgrade: boolean): Promise<Pipeline> {
    const { logger } = this.#options
    const pipeline = this.#inTime(opened, 'opening', this.#opener.schedule)
    this.#become({ name: 'opening', pipeline, upgrade })
    const isCurrent = () => this.#state.name === 'opening' && this.#state.pipeline === pipeline
    try {
      const open = await pipeline
      if (isCurrent())
        this.#become({ name: 'open', pipeline: open, upgrade, statuses: this.#makeStatuses(open, upgrade) })
      // Those who waited may have been told of a migration, and come back.
      if (this.#state.name === 'open' && this.members.size + this.#entering === 0) this.#idleTimer.start()
      return open
    } catch (error) {
      if (this.#opener.isStopped)
        logger.info({ workspace: this.id }, 'a migration is continued at the next opening')
      else logger.error({ err: error, workspace: this.id }, 'a workspace did not open')
      // It may still open later, when nobody waits for it any more.
      void opened.then(async (late) => await late.close()).catch(() => undefined)
      if (isCurrent()) this.#closed()
      throw error
    } finally {
      this.#opener.end()
    }
  }

  /** Closes all sessions and the pipeline, where there is one, and opens another pipeline for upgrade tools. */
  async #reopened(): Promise<Pipeline> {
    const state = this.#state
    if (state.name === 'open' || state.name === 'opening') {
      if (state.name === 'opening') this.#opener.stop()
      this.#statuses?.stop()
      this.#announcements.stop()
      await this.#eviction.warn()
      this.members.closeAll(closeCodes.upgrading)
      await this.#closePipeline(state.pipeline)
    }
    return await this.#open()
  }

  async #drain(
    state: Extract<WorkspaceState, { name: 'opening' | 'open' }>,
    reason: CloseReason,
    { signal, except }: { signal: boolean; except?: WorkspaceMember },
  ): Promise<void> {
    if (signal) await this.#eviction.warn(except)
    this.members.closeAll(reason, except)
    if (state.name === 'open') state.statuses?.stop()
    await this.#closePipeline(state.pipeline)
    this.#closed()
  }

  /** Closes a workspace that nobody is in, wants into, or has left within the idle timeout, and that has no work. */
  #closeWhenEmpty(): void {
    if (this.members.size > 0 || this.#entering > 0 || this.#idleTimer.isRunning || this.isOver) return
    // A migration goes on while those who want in come back later.
    if (this.#state.name === 'opening') return
    if (this.#state.name === 'open' && this.#state.pipeline.isWorking())
      return void this.#closeAfterWork(this.#state.pipeline)
    void this.close(closeCodes.workspaceClosed, { signal: false })
  }

  async #closeAfterWork(pipeline: Pipeline): Promise<void> {
    if (this.#isWorkAwaited) return
    this.#isWorkAwaited = true
    await pipeline.workDone()
    this.#isWorkAwaited = false
    this.#closeWhenEmpty()
  }

  /** The next opening reads a log that was restored: all clients come back to it. */
  #closeWhenRestored(): void {
    if (this.#state.name !== 'open' || !this.#state.pipeline.restoring.isLogReplaced) return
    // Somebody on the way in may be the backup tool that comes back.
    if (this.#entering > 0 || this.members.haveBackupTool) return
    void this.close(closeCodes.workspaceClosed, { signal: false })
  }

  async #closePipeline(pipeline: Pipeline | Promise<Pipeline>): Promise<void> {
    const closing = Promise.resolve(pipeline).then(async (open) => await open.close())
    try {
      await this.#inTime(closing, 'closing')
    } catch (error) {
      if (this.#opener.isStopped) return
      this.#options.logger.error({ err: error, workspace: this.id }, 'a workspace did not close')
    }
  }

  async #inTime<T>(promise: Promise<T>, doing: string, schedule?: TimerWheel['schedule']): Promise<T> {
    const { wheel, openTimeout: milliseconds } = this.#options
    const what = `${doing} workspace ${this.id}`
    return await withTimeout(promise, {
      milliseconds,
      what,
      schedule: schedule ?? wheel.schedule.bind(wheel),
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
    this.#idleTimer.stop()
    this.#become({ name: 'closed' })
    this.#options.closed(this)
  }
}
