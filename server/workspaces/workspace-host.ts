import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import { type CloseReason, closeCodes } from '../../protocol/close-codes.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import type { Logger, Push } from '../../pipeline/workspace.ts'
import { PushFrames } from '../sessions/push-frames.ts'
import type { Session } from '../sessions/session.ts'
import type { Cancel, TimerWheel } from '../timer-wheel.ts'
import { withTimeout } from '../with-timeout.ts'

/**
 * ```
 * closed --> opening --> open --> draining --> closed
 *               \___________________/
 * ```
 * `upgrade` tells that only upgrade tools are let in. A host that is closed again is forgotten, and the next
 * session makes a new one.
 */
export type WorkspaceState =
  | { name: 'closed' }
  | { name: 'opening'; pipeline: Promise<Pipeline>; upgrade: boolean }
  | { name: 'open'; pipeline: Pipeline; upgrade: boolean }
  | { name: 'draining'; done: Promise<void>; upgrade: boolean }

export interface HostOptions {
  id: string
  /** Opens the pipeline; what it commits is broadcast by the host. */
  open: (committed: (pushes: Push[]) => void) => Promise<Pipeline>
  wheel: TimerWheel
  logger: Logger
  /** Milliseconds without sessions until the workspace is closed. */
  idleTimeout: number
  /** Milliseconds that opening and closing may take. */
  openTimeout: number
  /** Milliseconds clients have to acknowledge that the model is about to change. */
  upgradeNotice: number
  /** The workspace is closed, and this host is done. */
  closed: (host: WorkspaceHost) => void
}

/** One workspace that people are in: its pipeline, and who is connected. */
export class WorkspaceHost {
  readonly id: string
  readonly sessions = new Set<Session>()
  readonly #options: HostOptions
  readonly #acknowledged = new Set<Session>()
  #state: WorkspaceState = { name: 'closed' }
  #entering = 0
  #cancelIdle: Cancel | undefined
  #noticeDone: (() => void) | undefined

  constructor(options: HostOptions) {
    this.id = options.id
    this.#options = options
  }

  get state(): WorkspaceState['name'] {
    return this.#state.name
  }

  get upgrading(): boolean {
    return this.#state.name !== 'closed' && this.#state.upgrade
  }

  get queueDepth(): number {
    return this.#state.name === 'open' ? this.#state.pipeline.queueDepth() : 0
  }

  /** Settled once the workspace is not on its way out. */
  async drained(): Promise<void> {
    if (this.#state.name === 'draining') await this.#state.done
  }

  /** Somebody wants in: the workspace stays open at least until {@link left} is called as often. */
  arrive(): void {
    this.#entering += 1
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
  }

  leave(): void {
    this.#entering -= 1
    this.#whenEmpty()
  }

  /** The pipeline, opened by whoever comes first. A failure is not kept. */
  async pipeline(): Promise<Pipeline> {
    if (this.#state.name === 'open') return this.#state.pipeline
    if (this.#state.name === 'opening') return await this.#state.pipeline
    if (this.#state.name === 'draining') throw new Error(`workspace ${this.id} is closing`)
    return await this.#open(false)
  }

  join(session: Session): void {
    this.sessions.add(session)
  }

  part(session: Session): void {
    if (!this.sessions.delete(session)) return
    this.acknowledge(session)
    this.#whenEmpty()
  }

  /** A client knows that the model is about to change. */
  acknowledge(session: Session): void {
    this.#acknowledged.add(session)
    if ([...this.sessions].every((each) => this.#acknowledged.has(each))) this.#noticeDone?.()
  }

  /** Puts everyone out and reopens for upgrade tools alone. */
  async startUpgrade(): Promise<void> {
    if (this.upgrading) return
    if (this.#state.name === 'open' || this.#state.name === 'opening') {
      const pipeline = this.#state.pipeline
      const reopened = this.#evict(closeCodes.upgrading, undefined)
        .then(() => this.#closePipeline(pipeline))
        .then(() => this.#options.open(() => undefined))
      await this.#opening(reopened, true)
      return
    }
    await this.#open(true)
  }

  /** Ends every session but `except`, then closes the files. Never fails, and never waits for ever. */
  async close(reason: CloseReason, options: { signal: boolean; except?: Session }): Promise<void> {
    if (this.#state.name === 'draining') return await this.#state.done
    if (this.#state.name === 'closed') return this.#closed()
    const { pipeline, upgrade } = this.#state
    const out = options.signal
      ? this.#evict(reason, options.except)
      : this.#closeSessions(reason, options.except)
    const done = out.then(() => this.#closePipeline(pipeline)).then(() => this.#closed())
    this.#become({ name: 'draining', done, upgrade })
    await done
  }

  broadcast(pushes: readonly Push[]): void {
    if (this.sessions.size === 0) return
    const frames = new PushFrames(pushes.map(({ tx }) => tx))
    for (const session of this.sessions) session.push(frames)
  }

  #become(state: WorkspaceState): void {
    this.#state = state
  }

  async #open(upgrade: boolean): Promise<Pipeline> {
    const committed = (pushes: Push[]) => {
      if (!this.upgrading) this.broadcast(pushes)
    }
    return await this.#opening(this.#options.open(committed), upgrade)
  }

  async #opening(opened: Promise<Pipeline>, upgrade: boolean): Promise<Pipeline> {
    const { openTimeout, logger } = this.#options
    const pipeline = withTimeout(opened, openTimeout, `opening workspace ${this.id}`)
    this.#become({ name: 'opening', pipeline, upgrade })
    try {
      const open = await pipeline
      // Closed meanwhile: whoever closes it waits for the same promise.
      if (this.#state.name === 'opening') this.#become({ name: 'open', pipeline: open, upgrade })
      return open
    } catch (error) {
      logger.error({ err: error, workspace: this.id }, 'a workspace did not open')
      void opened.then((late) => late.close()).catch(() => undefined)
      if (this.#state.name === 'opening') this.#closed()
      throw error
    }
  }

  #whenEmpty(): void {
    if (this.sessions.size > 0 || this.#entering > 0) return
    if (this.#state.name !== 'open' && this.#state.name !== 'opening') return
    if (this.#state.upgrade) {
      void this.close(closeCodes.workspaceClosed, { signal: false })
      return
    }
    this.#cancelIdle ??= this.#options.wheel.schedule(this.#options.idleTimeout, () => {
      this.#cancelIdle = undefined
      if (this.sessions.size === 0 && this.#entering === 0) {
        void this.close(closeCodes.workspaceClosed, { signal: false })
      }
    })
  }

  /** Tells everyone that the model is about to change, gives them a moment, and closes their sockets. */
  async #evict(reason: CloseReason, except: Session | undefined): Promise<void> {
    this.#acknowledged.clear()
    const others = [...this.sessions].filter((session) => session !== except)
    if (except !== undefined) this.#acknowledged.add(except)
    for (const session of others) session.signal({ result: modelUpgrade })
    if (others.length > 0) await this.#notice()
    await this.#closeSessions(reason, except)
  }

  async #notice(): Promise<void> {
    let cancel: Cancel = () => undefined
    await new Promise<void>((resolve) => {
      this.#noticeDone = resolve
      cancel = this.#options.wheel.schedule(this.#options.upgradeNotice, resolve)
    })
    cancel()
    this.#noticeDone = undefined
  }

  #closeSessions(reason: CloseReason, except: Session | undefined): Promise<void> {
    for (const session of this.sessions) if (session !== except) session.close(reason)
    return Promise.resolve()
  }

  async #closePipeline(pipeline: Pipeline | Promise<Pipeline>): Promise<void> {
    const closing = Promise.resolve(pipeline).then((open) => open.close())
    await withTimeout(closing, this.#options.openTimeout, `closing workspace ${this.id}`).catch(
      (error: unknown) => {
        this.#options.logger.error({ err: error, workspace: this.id }, 'a workspace did not close')
      },
    )
  }

  #closed(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    this.#become({ name: 'closed' })
    this.#options.closed(this)
  }
}

const modelUpgrade: Pick<Tx, '_class'> = { _class: core.class.TxModelUpgrade }
