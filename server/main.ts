import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { generateId } from '../model/generate-id.ts'
import { DEFAULT_COMMIT_LIMITS } from '../pipeline/commit/commit-queue.ts'
import type { AtriumModule } from '../pipeline/module.ts'
import { type OpenOptions, openWorkspace, type Pipeline } from '../pipeline/open-workspace.ts'
import type { Logger } from '../pipeline/workspace.ts'
import { closeCodes } from '../protocol/close-codes.ts'
import { type AccountsClient, HttpAccountsClient, trustingAccounts } from './accounts/accounts-client.ts'
import { AccountsService } from './accounts/builtin/accounts-service.ts'
import { AccountsStore } from './accounts/builtin/accounts-store.ts'
import { accountsModel } from './accounts/builtin/model.ts'
import type { Configuration } from './configuration/configuration.ts'
import { fillDemo } from './demo.ts'
import { administration } from './http/administration.ts'
import { httpApp } from './http/http-app.ts'
import { createLogger } from './logger.ts'
import { Maintenance } from './maintenance.ts'
import { Metrics } from './metrics.ts'
import { parseVersion } from './model-version.ts'
import { loadModules, modelOf } from './modules.ts'
import { loadSecret } from './secret.ts'
import { OutboxFlusher } from './sessions/outbox.ts'
import { RequestWatch } from './sessions/request-watch.ts'
import type { SessionLimits } from './sessions/limits.ts'
import { RESERVED, SessionManager } from './sessions/session-manager.ts'
import { createStorage } from './storage.ts'
import { type Scheduler, systemScheduler, TimerWheel } from './timer-wheel.ts'
import { Tokens } from './tokens.ts'
import { SERVER_VERSION } from './version.ts'
import { withTimeout } from './with-timeout.ts'
import { WebSocketTransport } from './transport/websocket-transport.ts'
import { WorkspaceRegistry } from './workspaces/workspace-registry.ts'

export interface ServerOverrides {
  scheduler?: Scheduler
  logger?: Logger
  /** The process is asked to end: an administrator's `reboot`. */
  reboot?: () => void
}

export interface Inspection {
  sessions: number
  workspaces: number
  /** Sessions remembered for their return. */
  remembered: number
  /** Waits on the timer wheel. */
  timers: number
}

/** A server that takes connections. */
export interface RunningServer {
  /** `http://HOST:PORT` */
  readonly url: string
  readonly port: number
  /** What the first start made, for the person who started it. */
  readonly demoFilled: boolean
  /** What is kept of sessions and workspaces, for those who look for leaks. */
  inspect: () => Inspection
  /** Lets nobody in, finishes what is under way, closes everything. Idempotent, bounded in time. */
  stop: () => Promise<void>
}

/** The composition root: makes every part, gives each what it needs, and starts to listen. */
export async function startServer(
  configuration: Configuration,
  overrides: ServerOverrides = {},
): Promise<RunningServer> {
  const modules = await loadModules(configuration.modules)
  const secret = await loadSecret(configuration.data, configuration.secret)
  const server = new AtriumServer(configuration, overrides, modules, secret)
  try {
    await server.start()
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

class AtriumServer implements RunningServer {
  demoFilled = false
  readonly #configuration: Configuration
  readonly #modules: AtriumModule[]
  readonly #tokens: Tokens
  readonly #logger: Logger
  readonly #metrics = new Metrics()
  readonly #scheduler: Scheduler
  readonly #wheel: TimerWheel
  readonly #storage
  readonly #server: Server = createServer({ maxHeaderSize: 64 * 1024 })
  readonly #watch: RequestWatch
  readonly #registry: WorkspaceRegistry
  readonly #manager: SessionManager
  readonly #maintenance: Maintenance
  readonly #transport: WebSocketTransport
  readonly #reboot: () => void
  #accountsPipeline: Pipeline | undefined
  #stopping: Promise<void> | undefined

  constructor(
    configuration: Configuration,
    overrides: ServerOverrides,
    modules: AtriumModule[],
    secret: string,
  ) {
    this.#configuration = configuration
    this.#modules = modules
    this.#scheduler = overrides.scheduler ?? systemScheduler
    this.#logger = overrides.logger ?? createLogger(configuration.logLevel)
    this.#reboot = overrides.reboot ?? (() => void this.stop())
    this.#tokens = new Tokens(secret, this.#scheduler.now)
    this.#wheel = new TimerWheel(this.#scheduler)
    this.#storage = createStorage(configuration, this.#logger)
    this.#watch = new RequestWatch({ logger: this.#logger, wheel: this.#wheel, now: this.#scheduler.now })
    this.#registry = this.#createRegistry()
    this.#maintenance = this.#createMaintenance()
    this.#manager = this.#createManager()
    this.#transport = new WebSocketTransport({
      server: this.#server,
      maxPayload: configuration.maxPayload,
      origins: configuration.origins,
      accept: (connection) => this.#manager.accept(connection),
      logger: this.#logger,
    })
    this.#metrics.watch({
      sessions: () => countBy([...this.#manager.sessions.values()].map(({ token }) => token.mode)),
      workspaces: () => countBy([...this.#registry.hosts()].map(({ state }) => state)),
      outboxes: () => this.#manager.outboxMessages,
      commitQueue: () => [...this.#registry.hosts()].reduce((sum, { queueDepth }) => sum + queueDepth, 0),
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0
  }

  get url(): string {
    const { host } = this.#configuration
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  async start(): Promise<void> {
    const accounts = this.#configuration.accounts === 'builtin' ? await this.#openAccounts() : undefined
    const app = httpApp({
      tokens: this.#tokens,
      logger: this.#logger,
      serverVersion: SERVER_VERSION,
      metrics: () => this.#metrics.text(),
      healthy: () => !this.#manager.draining,
      administration: administration({
        registry: this.#registry,
        manager: this.#manager,
        maintenance: this.#maintenance,
        stop: () => setImmediate(this.#reboot),
      }),
      accounts: accounts === undefined ? undefined : (...call) => accounts.call(...call),
    })
    const listener = getRequestListener(app.fetch)
    this.#server.on('request', (request, response) => void listener(request, response))
    await this.#listen()
    if (this.#configuration.demo) await this.#fillDemo()
  }

  inspect(): Inspection {
    return {
      sessions: this.#manager.sessions.size,
      workspaces: this.#registry.size,
      remembered: this.#manager.remembered,
      timers: this.#wheel.size,
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const limit = this.#configuration.stopTimeout * 1000
    this.#transport.stop()
    this.#server.close()
    this.#maintenance.cancel()
    await this.#endSessions(limit)
    const closing = [...this.#registry.hosts()].map((host) =>
      host.close(closeCodes.restart, { signal: false }),
    )
    await withTimeout(Promise.all(closing), limit, 'closing the workspaces').catch((error: unknown) => {
      this.#logger.error({ err: error }, 'some workspaces did not close')
    })
    await this.#accountsPipeline?.close()
    await this.#storage.close()
    this.#server.closeAllConnections()
    this.#watch.stop()
    this.#wheel.stop()
    this.#metrics.stop()
  }

  /** Each session is told to come back at a time of its own, so that they don't all come at once. */
  async #endSessions(limit: number): Promise<void> {
    const { sessions } = this.#manager
    const spread = Math.min(30_000, 100 + sessions.size * 5)
    this.#manager.drain(() => ({
      ...closeCodes.restart,
      reason: `retry in ${Math.floor(Math.random() * spread)} ms`,
    }))
    const deadline = performance.now() + limit
    while (sessions.size > 0 && performance.now() < deadline) await wait(10)
    for (const session of sessions.values()) session.terminate()
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#configuration
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  async #fillDemo(): Promise<void> {
    const { accounts } = this.#configuration
    if (accounts !== 'builtin' && accounts !== 'none') return
    const accountsUrl = accounts === 'builtin' ? `${this.url}/accounts` : undefined
    const parts = { registry: this.#registry, modules: this.#modules, tokens: this.#tokens, accountsUrl }
    this.demoFilled = (await fillDemo(parts)).filled
  }

  #openPipeline(options: Pick<OpenOptions, 'id' | 'base' | 'committed'>): Promise<Pipeline> {
    const clock = { now: this.#scheduler.now }
    const commitLimits = { ...DEFAULT_COMMIT_LIMITS, maxWaiting: this.#configuration.maxWaitingCommits }
    return openWorkspace({ ...options, storage: this.#storage, clock, logger: this.#logger, commitLimits })
  }

  async #openAccounts(): Promise<AccountsService> {
    const base = modelOf([{ model: accountsModel }])
    this.#accountsPipeline = await this.#openPipeline({
      id: `${RESERVED}accounts`,
      base,
      committed: () => undefined,
    })
    const { modelVersion, tokenTtl, signup, publicUrl } = this.#configuration
    return new AccountsService({
      store: new AccountsStore(this.#accountsPipeline, this.#scheduler.now),
      tokens: this.#tokens,
      now: this.#scheduler.now,
      tokenTtl,
      signup,
      modelVersion: parseVersion(modelVersion),
      endpoint: () => publicUrl ?? this.url.replace('http', 'ws'),
    })
  }

  #createRegistry(): WorkspaceRegistry {
    const base = modelOf(this.#modules)
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
      open: (id, committed) =>
        this.#openPipeline({
          id,
          base,
          committed: (pushes) => {
            this.#metrics.committed(pushes.length)
            committed(pushes)
          },
        }),
      closed: (id) => this.#manager.forgetRecent(id),
    })
  }

  #createManager(): SessionManager {
    const configuration = this.#configuration
    return new SessionManager({
      services: {
        flusher: new OutboxFlusher(),
        logger: this.#logger,
        metrics: this.#metrics,
        watch: this.#watch,
        limits: this.#sessionLimits(),
        now: this.#scheduler.now,
        performanceNow: () => performance.now(),
      },
      tokens: this.#tokens,
      accounts: this.#createAccountsClient(),
      registry: this.#registry,
      maintenance: this.#maintenance,
      wheel: this.#wheel,
      modelVersion: parseVersion(configuration.modelVersion),
      productId: configuration.productId,
      serverVersion: SERVER_VERSION,
      reconnectWindow: configuration.reconnectWindow * 1000,
      pingInterval: configuration.pingInterval * 1000,
      limits: {
        sessions: configuration.maxSessions,
        sessionsPerWorkspace: configuration.maxWorkspaceSessions,
        sessionsPerAccount: configuration.maxAccountSessions,
      },
    })
  }

  #sessionLimits(): SessionLimits {
    const { earlyMessages, earlyBytes, concurrentRequests, outboxBytes, outboxMessages } = this.#configuration
    const { chunkCount, chunkBytes, loadedSessions, loadedChunkCount, loadedChunkBytes } = this.#configuration
    const usual = { maxCount: chunkCount, maxBytes: chunkBytes }
    const loaded = { maxCount: loadedChunkCount, maxBytes: loadedChunkBytes }
    return {
      earlyMessages,
      earlyBytes,
      concurrentRequests,
      chunk: () => (this.#manager.sessions.size >= loadedSessions ? loaded : usual),
      outbox: { bytes: outboxBytes, messages: outboxMessages },
    }
  }

  #createAccountsClient(): AccountsClient {
    const { accounts, accountsTimeout, accountsTries, accountsCache, accountsGrace } = this.#configuration
    if (accounts === 'none') return trustingAccounts
    return new HttpAccountsClient({
      url: () => (accounts === 'builtin' ? `${this.url}/accounts` : accounts),
      now: this.#scheduler.now,
      wait: async (milliseconds) => await wait(milliseconds),
      observe: (outcome, seconds) => this.#metrics.askedAccounts(outcome, seconds),
      timeout: accountsTimeout,
      tries: accountsTries,
      cacheTime: accountsCache,
      graceTime: accountsGrace * 1000,
    })
  }

  #createMaintenance(): Maintenance {
    return new Maintenance({
      wheel: this.#wheel,
      now: this.#scheduler.now,
      generateId,
      tell: (warning) => {
        for (const session of this.#manager.sessions.values()) session.signal(warning)
      },
    })
  }
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
