import { messageOf } from '../model/error-details.ts'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AtriumModule } from '../pipeline/modules/module.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { Storage } from '../storage/contract.ts'
import { InstalledModules } from '../pipeline/modules/installed-modules.ts'
import type { Logger } from '../pipeline/shared/logger.ts'
import { AccessEnforcer } from './sessions/access-enforcer.ts'
import { type AccountsClient, HttpAccountsClient, trustingAccounts } from './accounts/accounts-client.ts'
import { AccountsService } from './accounts/builtin/accounts-service.ts'
import { AccountsStore } from './accounts/builtin/accounts-store.ts'
import { accountsWorkspace } from './accounts/builtin/accounts-workspace.ts'
import type { Configuration, Flags } from './configuration/configuration.ts'
import { reread, type Reread } from './configuration/reread.ts'
import { Core, type Inspection } from './core.ts'
import { DEMO_WORKSPACE, fillDemo } from './startup/fill-demo.ts'
import { administration } from './http/administration.ts'
import { httpApp } from './http/http-app.ts'
import type { ModuleRoutesOptions } from './http/module-routes.ts'
import { Visits } from './http/visits.ts'
import { MetricsServer, type MetricsOptions } from './http/metrics-route.ts'
import { ownFetch } from './http/own-fetch.ts'
import { Metrics } from './observability/metrics.ts'
import { parseVersion } from './model-version.ts'
import { httpAddress } from './http/http-address.ts'
import { modelOf } from './modules/load-modules.ts'
import { moduleSettings } from './server-limits.ts'
import { IsolatedModules } from './modules/threads/isolated-modules.ts'
import { watchOpenFiles } from './startup/open-files.ts'
import type { RunningServer, ServerOverrides } from './running-server.ts'
import { readSecret } from './auth/secret.ts'
import { type Scheduler, systemScheduler } from './time/timer-wheel.ts'
import { SYSTEM_EMAIL, Tokens } from './auth/tokens.ts'
import { Door } from './transport/door.ts'
import { WebSocketTransport } from './transport/websocket-transport.ts'
import { SERVER_VERSION } from './version.ts'

export interface ServerParts {
  modules: AtriumModule[]
  secret: string
  logger: Logger
  /** Sets the lowest level that is logged. */
  setLevel: (level: string) => void
  storage: Storage
  /** Releases the lock of the data folder. */
  unlock: (() => Promise<void>) | undefined
}

/** Milliseconds. A client on the same machine sends up to a gigabyte a second. */
const MEMORY_CHECK_EVERY = 100

/** The parts of a server, its start and its stop. */
export class AtriumServer implements RunningServer {
  demoFilled = false
  readonly #configuration: Configuration
  readonly #modules: AtriumModule[]
  readonly #tokens: Tokens
  readonly #logger: Logger
  readonly #scheduler: Scheduler
  readonly #metrics = new Metrics()
  readonly #server: Server
  readonly #door: Door
  readonly #storage: Storage
  readonly #accountsClient: AccountsClient
  readonly #core: Core
  readonly #isolation: IsolatedModules | undefined
  readonly #transport: WebSocketTransport
  readonly #reboot: () => void
  readonly #signal: AbortSignal | undefined
  readonly #setLevel: (level: string) => void
  readonly #unlock: (() => Promise<void>) | undefined
  readonly #ownFetch = ownFetch(() => this.#app)
  readonly #metricsOptions: MetricsOptions = {
    metrics: () => this.#metrics.text(),
    metricsToken: () => this.#configuration.metricsToken,
  }
  #metricsServer: MetricsServer | undefined
  #app: Hono | undefined
  #accountsPipeline: Pipeline | undefined
  #stopping: Promise<void> | undefined
  #memoryWatch: NodeJS.Timeout | undefined

  constructor(
    configuration: Configuration,
    overrides: ServerOverrides,
    { modules, secret, logger, setLevel, storage, unlock }: ServerParts,
  ) {
    this.#configuration = { ...configuration }
    this.#signal = overrides.signal
    this.#setLevel = setLevel
    this.#unlock = unlock
    this.#modules = modules
    this.#scheduler = overrides.scheduler ?? systemScheduler
    this.#logger = logger
    this.#reboot = overrides.reboot ?? (() => void this.stop())
    this.#tokens = new Tokens(secret, this.#scheduler.now, configuration.systemEmails)
    this.#storage = storage
    storage.observe?.(this.#metrics.storage)
    this.#accountsClient = this.#createAccountsClient()
    this.#isolation = this.#isolated()
    this.#core = new Core({
      configuration: this.#configuration,
      base: modelOf(modules, configuration),
      modules: new InstalledModules(
        this.#isolation?.modules ?? modules,
        moduleSettings(configuration, this.#metrics.triggers),
      ),
      storage: this.#storage,
      tokens: this.#tokens,
      accounts: this.#accountsClient,
      scheduler: this.#scheduler,
      logger: this.#logger,
      metrics: this.#metrics,
      memoryUse: overrides.memoryUse,
      limitHit: (limit, fields) => this.#door.reports.hit(limit, fields),
    })
    this.#door = new Door({
      configuration: this.#configuration,
      scheduler: this.#scheduler,
      logger,
      metrics: this.#metrics.limits,
    })
    this.#server = this.#door.server
    this.#transport = new WebSocketTransport({
      server: this.#server,
      maxPayload: configuration.maxPayload,
      unverifiedPayload: configuration.unverifiedPayload,
      gate: this.#door.gate,
      verify: (raw) => this.#core.sessions.verify(raw),
      origins: this.#door.origins,
      accept: (connection) => this.#core.sessions.accept(connection),
      logger: this.#logger,
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0
  }

  get url(): string {
    return httpAddress(this.#configuration.host, this.port, this.#door.isSecure)
  }

  get metricsUrl(): string {
    return this.#metricsServer?.url ?? `${this.url}/metrics`
  }

  async start(): Promise<void> {
    const accounts = this.#configuration.accounts === 'builtin' ? await this.#openAccounts() : undefined
    const { registry, sessions, maintenance } = this.#core
    const { metricsHost, metricsPort } = this.#configuration
    if (metricsPort !== undefined)
      this.#metricsServer = new MetricsServer({ ...this.#metricsOptions, host: metricsHost })
    this.#app = httpApp({
      tokens: this.#tokens,
      logger: this.#logger,
      serverVersion: SERVER_VERSION,
      modelVersion: this.#configuration.modelVersion,
      metrics: this.#metricsServer === undefined ? this.#metricsOptions : undefined,
      origins: this.#door.origins,
      isSecure: this.#door.isSecure,
      readiness: () => this.#core.readiness,
      administration: administration({
        registry,
        sessions,
        maintenance,
        visit: async (workspace, work) => await this.#visit(workspace, work),
        stop: () => setImmediate(this.#reboot),
      }),
      accounts,
      routeBody: this.#configuration.routeBody,
      routes: this.#routes(),
      addressOf: (request) => this.#door.addresses.of(request),
      rates: this.#core.rates,
      limitHit: (limit, fields) => this.#door.reports.hit(limit, fields),
    })
    const listener = getRequestListener(this.#app.fetch)
    this.#server.on('request', (request, response) => void listener(request, response))
    if (metricsPort !== undefined) await this.#metricsServer?.listen(metricsPort)
    await this.#listen()
    this.#memoryWatch = setInterval(() => this.#core.checkMemory(), MEMORY_CHECK_EVERY)
    await this.#core.start()
    if (this.#configuration.demo) await this.#fillDemo()
  }

  async reread(env: NodeJS.ProcessEnv, flags: Flags): Promise<Reread> {
    const outcome = reread(this.#configuration, env, flags)
    const { data, logLevel, secret } = this.#configuration
    this.#setLevel(logLevel)
    try {
      if (this.#tokens.use(secret ?? (await readSecret(data))) && !outcome.taken.includes('secret'))
        outcome.taken.push('secret')
    } catch (error) {
      outcome.wrong.push(messageOf(error))
    }
    try {
      if (this.#door.renewCertificate()) outcome.taken.push('tlsCert')
    } catch (error) {
      outcome.wrong.push(messageOf(error))
    }
    return outcome
  }

  inspect(): Inspection {
    return this.#core.inspect()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    clearInterval(this.#memoryWatch)
    this.#transport.stop()
    this.#server.close()
    await this.#core.stop()
    await this.#isolation?.stop()
    await this.#transport.end(this.#configuration.closeTimeout)
    await this.#accountsPipeline?.close()
    await this.#storage.close()
    this.#server.closeAllConnections()
    this.#door.stop()
    this.#metricsServer?.stop()
    this.#metrics.stop()
    await this.#unlock?.()
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#configuration
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        watchOpenFiles(this.#server, this.#logger, this.#scheduler.monotonic)
        resolve()
      })
    })
  }

  /** The routes of modules. Without accounts nobody else knows which workspaces exist. */
  #routes(): ModuleRoutesOptions {
    const { accounts, concurrentRoutes } = this.#configuration
    const { admission, rates, registry } = this.#core
    const visits = new Visits({
      admission,
      rates,
      tokens: this.#tokens,
      mayExist: (workspace) => accounts !== 'none' || registry.find(workspace) !== undefined,
      atOnce: concurrentRoutes,
      limitHit: (limit, fields) => this.#door.reports.hit(limit, fields),
    })
    return {
      modules: this.#modules,
      visits,
      logger: this.#logger,
      answered: (route, seconds) => this.#metrics.answered(route, seconds),
      now: this.#scheduler.monotonic,
    }
  }

  /** Works inside a workspace on behalf of an administrator. */
  async #visit<T>(workspace: string, work: (pipeline: Pipeline) => Promise<T>): Promise<T> {
    const claims = { email: SYSTEM_EMAIL, admin: 'true', workspace } as const
    const token = this.#core.admission.verify(this.#tokens.sign(claims))
    return await this.#core.admission.visit(token, async ({ pipeline }) => await work(pipeline), {
      isServer: true,
    })
  }

  async #fillDemo(): Promise<void> {
    const { accounts } = this.#configuration
    if (accounts !== 'builtin' && accounts !== 'none') return
    try {
      this.demoFilled = await fillDemo({
        admission: this.#core.admission,
        modules: this.#modules,
        tokens: this.#tokens,
        accountsAt:
          accounts === 'builtin' ? { url: `${this.url}/accounts`, fetch: this.#ownFetch } : undefined,
        logger: this.#logger,
        signal: this.#signal,
      })
    } catch (error) {
      this.#signal?.throwIfAborted()
      // A broken workspace must not keep the server from serving the others.
      this.#logger.error({ err: error, workspace: DEMO_WORKSPACE }, 'the demo was not filled')
    }
  }

  async #openAccounts(): Promise<AccountsService> {
    this.#accountsPipeline = await this.#core.openPipeline(accountsWorkspace(this.#scheduler.now))
    const { modelVersion } = this.#configuration
    const { registry, sessions, admission } = this.#core
    return new AccountsService({
      store: new AccountsStore(this.#accountsPipeline),
      tokens: this.#tokens,
      observer: new AccessEnforcer({
        registry,
        sessions,
        admission,
        accounts: this.#accountsClient,
        logger: this.#logger,
      }),
      now: this.#scheduler.now,
      monotonic: this.#scheduler.monotonic,
      reports: this.#door.reports,
      settings: this.#configuration,
      modelVersion: parseVersion(modelVersion),
      endpoint: () => this.#configuration.publicUrl ?? this.url.replace('http', 'ws'),
    })
  }

  #isolated(): IsolatedModules | undefined {
    const { moduleIsolation, moduleMemory: memory, moduleStall: stall } = this.#configuration
    if (moduleIsolation === 'none') return undefined
    const { monotonic: now } = this.#scheduler
    return new IsolatedModules(this.#modules, { memory, stall, now, logger: this.#logger })
  }

  #createAccountsClient(): AccountsClient {
    const { accounts, accountsTimeout, accountsTries, accountsCache, accountsGrace } = this.#configuration
    if (accounts === 'none') return trustingAccounts
    return new HttpAccountsClient({
      url: () => (accounts === 'builtin' ? `${this.url}/accounts` : accounts),
      ...(accounts === 'builtin' ? { fetch: this.#ownFetch } : {}),
      // The age of a response is a duration.
      now: this.#scheduler.monotonic,
      wait: async (milliseconds) => await wait(milliseconds),
      observe: (outcome, seconds) => this.#metrics.askedAccounts(outcome, seconds),
      timeout: accountsTimeout,
      tries: accountsTries,
      cacheTime: accountsCache,
      graceTime: accountsGrace * 1000,
    })
  }
}
