import { systemClock } from '../model/clock.ts'
import { generateId } from '../model/generate-id.ts'
import type { OpenOptions } from '../pipeline/workspace-parts.ts'
import { openWorkspace } from '../pipeline/open-workspace.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { WorkspaceListener } from '../pipeline/push/workspace-listener.ts'
import type { Storage } from '../storage/contract.ts'
import { FairSlots } from '../pipeline/shared/fair-slots.ts'
import type { Logger } from '../pipeline/shared/logger.ts'
import { Turns } from '../pipeline/shared/turns.ts'
import type { InstalledModules } from '../pipeline/modules/installed-modules.ts'
import type { WorkspaceModel } from '../model/workspace-model.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import type { AccountsClient } from './accounts/accounts-client.ts'
import type { Configuration } from './configuration/configuration.ts'
import { Maintenance } from './sessions/maintenance.ts'
import type { MemoryBudget, MemoryUse } from './memory/memory-budget.ts'
import type { Metrics } from './observability/metrics.ts'
import { parseVersion } from './model-version.ts'
import { EarlyBudget } from './sessions/early-messages.ts'
import type { SessionLimits } from './sessions/limits.ts'
import { OutboxFlusher } from './wire/outbox.ts'
import { SlowRequestLog } from './requests/slow-request-log.ts'
import { SessionRegistry } from './sessions/session-registry.ts'
import { type Scheduler, TimerWheel } from './time/timer-wheel.ts'
import type { Tokens } from './auth/tokens.ts'
import { admissionLimits, commitLimits, memoryBudget, sessionLimits } from './server-limits.ts'
import { endSessions } from './sessions/end-sessions.ts'
import { SERVER_VERSION } from './version.ts'
import { withTimeout } from '../pipeline/shared/with-timeout.ts'
import { Admission } from './workspaces/admission.ts'
import { serverMethods } from './methods/server-methods.ts'
import { buildRequestChain } from './requests/build-request-chain.ts'
import type { CallHandler } from './requests/call.ts'
import { RequestRates } from './requests/request-rates.ts'
import { MemoryRateStore } from './rates/memory-rate-store.ts'
import { StoredWakes } from './workspaces/wake-store.ts'
import { WakeUps } from './workspaces/wake-ups.ts'
import { WorkspaceRegistry } from './workspaces/workspace-registry.ts'

/** Bytes. */
const LARGE_FRAME = 256 * 1024
/** Sessions that read what they missed at once: each holds up to half an outbox. */
const RESUMES_AT_ONCE = 4
/** Sessions, accounts and addresses whose requests and bytes are counted at once. */
const MAX_COUNTED = 200_000

export interface CoreOptions {
  configuration: Configuration
  /** The model that every workspace starts from. */
  base: WorkspaceModel
  /** The declarations of modules, for every workspace. */
  modules?: InstalledModules | undefined
  storage: Storage
  tokens: Tokens
  accounts: AccountsClient
  scheduler: Scheduler
  logger: Logger
  metrics: Metrics
  /** What the process uses; tests say something else. */
  memoryUse?: (() => MemoryUse) | undefined
  /** Counts and logs that a limit refused something. By default in the metrics alone. */
  limitHit?: (limit: string, fields: object) => void
}

export interface Inspection {
  sessions: number
  workspaces: number
  /** Sessions that ended within the reconnect window. */
  remembered: number
  /** Workspaces that are opened for their work later. */
  wakeUps: number
  /** Tasks on the timer wheel. */
  timers: number
  /** Messages and long requests that wait for their turn of the event loop. */
  waiting: number
}

/** Sessions and workspaces over a storage: the server without sockets and HTTP. */
export class Core {
  readonly registry: WorkspaceRegistry
  readonly admission: Admission
  readonly sessions: SessionRegistry
  readonly maintenance: Maintenance
  readonly rates: RequestRates
  readonly #wakes: StoredWakes
  readonly #wakeUps: WakeUps
  readonly #options: CoreOptions
  readonly #configuration: Configuration
  readonly #scheduler: Scheduler
  readonly #logger: Logger
  readonly #metrics: Metrics
  readonly #wheel: TimerWheel
  readonly #slowRequests: SlowRequestLog
  readonly #turns = new Turns()
  readonly #memory: MemoryBudget

  constructor(options: CoreOptions) {
    this.#options = options
    this.#configuration = options.configuration
    this.#scheduler = options.scheduler
    this.#logger = options.logger
    this.#metrics = options.metrics
    this.#wheel = new TimerWheel(options.scheduler)
    const { monotonic } = options.scheduler
    this.#slowRequests = new SlowRequestLog({ logger: this.#logger, wheel: this.#wheel, monotonic })
    this.#memory = memoryBudget(this.#configuration, {
      use: options.memoryUse,
      sessions: () => this.sessions.all,
      hosts: () => this.registry.hosts(),
      logger: this.#logger,
    })
    this.registry = this.#createRegistry()
    const { now } = options.scheduler
    this.#wakes = new StoredWakes(options.storage, now)
    this.#wakeUps = new WakeUps({
      store: this.#wakes,
      wheel: this.#wheel,
      now,
      logger: this.#logger,
      open: async (id) => await this.registry.openForWork(id),
    })
    this.maintenance = this.#createMaintenance()
    const store = new MemoryRateStore({ keys: MAX_COUNTED, now: monotonic })
    this.rates = new RequestRates({ settings: this.#configuration, store, now: monotonic })
    this.admission = this.#createAdmission()
    this.sessions = this.#createSessions()
    this.#metrics.triggers.watch(() => [...this.registry.hosts()].map((host) => host.triggerLags))
    this.#metrics.watch({
      sessions: () => [...this.sessions.all].map(({ token }) => token.mode),
      workspaces: () => [...this.registry.hosts()].map(({ state }) => state),
      outboxes: () => this.sessions.outboxMessages,
      turns: () => this.#turns.waiting,
      memory: this.#memory,
      commitQueue: () => [...this.registry.hosts()].reduce((sum, { queueDepth }) => sum + queueDepth, 0),
    })
  }

  /** Opens the pipeline of a workspace, without a host. */
  openPipeline(
    options: Pick<OpenOptions, 'id' | 'base' | 'modules' | 'background' | 'stop' | keyof WorkspaceListener>,
  ): Promise<Pipeline> {
    const { modelChanges, imports } = this.#configuration
    return openWorkspace({
      ...options,
      modelChanges,
      imports,
      storage: this.#options.storage,
      clock: { now: this.#scheduler.now },
      schedule: this.#wheel.schedule.bind(this.#wheel),
      turns: this.#turns,
      isOverloaded: () => this.#memory.isShort,
      logger: this.#logger,
      commitLimits: commitLimits(this.#configuration),
    })
  }

  /** Opens the workspaces that have work. */
  async start(): Promise<void> {
    if (this.#options.modules?.hasBackgroundWork === true) await this.#wakeUps.start()
  }

  /** Whether new sessions are admitted, or why they are not. */
  get readiness(): 'ok' | 'draining' | 'overloaded' {
    if (this.admission.isClosed) return 'draining'
    return this.#memory.isShort ? 'overloaded' : 'ok'
  }

  /** Makes room if memory is short. */
  checkMemory(): void {
    this.#memory.check()
  }

  inspect(): Inspection {
    return {
      sessions: this.sessions.all.size,
      workspaces: this.registry.size,
      remembered: this.sessions.remembered,
      wakeUps: this.#wakeUps.size,
      timers: this.#wheel.size,
      waiting: this.#turns.waiting,
    }
  }

  /** Admits nobody, responds to running requests, ends sessions, closes workspaces. Bounded in time. */
  async stop(): Promise<void> {
    const limit = this.#configuration.stopTimeout * 1000
    this.maintenance.cancel()
    this.#wakeUps.stop()
    await endSessions(this.sessions, limit)
    const hosts = [...this.registry.hosts()]
    const closing = hosts.map(async (host) => await host.close(closeCodes.restart, { signal: false }))
    await withTimeout(Promise.all(closing), { milliseconds: limit, what: 'closing the workspaces' }).catch(
      (error: unknown) => {
        this.#logger.error({ err: error }, 'some workspaces did not close')
      },
    )
    await this.#wakes.close()
    this.#slowRequests.stop()
    this.#wheel.stop()
  }

  #createRegistry(): WorkspaceRegistry {
    const { base, modules } = this.#options
    const { idleTimeout, openTimeout, upgradeNotice, reconnectWindow } = this.#configuration
    return new WorkspaceRegistry({
      wheel: this.#wheel,
      logger: this.#logger,
      idleTimeout: idleTimeout * 1000,
      openTimeout: openTimeout * 1000,
      upgradeNotice,
      reconnectWindow: reconnectWindow * 1000,
      now: this.#scheduler.now,
      observeLag: (seconds) => this.#metrics.broadcast(seconds),
      open: (id, opener) =>
        this.openPipeline({
          id,
          base,
          ...(modules === undefined ? {} : { modules }),
          ...opener,
          background: this.#wakeUps,
          logged: (entries) => this.#metrics.committed(entries),
        }),
      closed: (id) => this.sessions.forgetRecent(id),
    })
  }

  #createAdmission(): Admission {
    const configuration = this.#configuration
    return new Admission({
      tokens: this.#options.tokens,
      accounts: this.#options.accounts,
      registry: this.registry,
      modelVersion: parseVersion(configuration.modelVersion),
      productId: configuration.productId,
      memory: this.#memory,
      sessions: () => this.sessions.all.size,
      limits: () => admissionLimits(configuration),
    })
  }

  #createSessions(): SessionRegistry {
    const configuration = this.#configuration
    const limits = sessionLimits(configuration, () => this.sessions.all.size)
    return new SessionRegistry({
      services: {
        flusher: new OutboxFlusher(),
        turns: this.#turns,
        resumes: new FairSlots(RESUMES_AT_ONCE),
        logger: this.#logger,
        metrics: this.#metrics,
        limits,
        earlyBudget: new EarlyBudget(configuration.earlyTotalBytes),
        rates: this.rates,
        limitHit: this.#limitHit,
        schedule: (milliseconds, task) => this.#wheel.schedule(milliseconds, task),
        handle: this.#createRequestChain(limits),
        now: this.#scheduler.now,
        monotonic: this.#scheduler.monotonic,
      },
      admission: this.admission,
      registry: this.registry,
      maintenance: this.maintenance,
      wheel: this.#wheel,
      modelVersion: parseVersion(configuration.modelVersion),
      serverVersion: SERVER_VERSION,
      maxPayload: configuration.maxPayload,
      unverifiedMessages: configuration.unverifiedMessages,
      reconnectWindow: configuration.reconnectWindow * 1000,
      pingInterval: configuration.pingInterval * 1000,
    })
  }

  #createRequestChain({ chunk, outbox }: SessionLimits): CallHandler {
    const { tokens, modules } = this.#options
    const methods = serverMethods({ tokens, modules, admission: this.admission, registry: this.registry })
    return buildRequestChain({
      chunk,
      largeFrame: Math.min(LARGE_FRAME, outbox.bytes / 4),
      findMethod: (name) => methods.find(name),
      logger: this.#logger,
      metrics: this.#metrics,
      limitHit: this.#limitHit,
      slowRequests: this.#slowRequests,
      memory: this.#memory,
      performanceNow: systemClock.monotonic,
    })
  }

  readonly #limitHit = (limit: string, fields: object): void => {
    if (this.#options.limitHit === undefined) this.#metrics.limits.hit(limit)
    else this.#options.limitHit(limit, fields)
  }

  #createMaintenance(): Maintenance {
    return new Maintenance({
      wheel: this.#wheel,
      now: this.#scheduler.now,
      monotonic: this.#scheduler.monotonic,
      generateId,
      tell: (warning) => {
        for (const session of this.sessions.all) session.signal(warning)
      },
    })
  }
}
