import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import type { AtriumModule } from '../pipeline/module.ts'
import type { Pipeline } from '../pipeline/open-workspace.ts'
import type { Storage } from '../pipeline/storage/contract.ts'
import { InstalledModules } from '../pipeline/triggers/installed-modules.ts'
import type { Logger } from '../pipeline/workspace.ts'
import { AccessEnforcer } from './access-enforcer.ts'
import { type AccountsClient, HttpAccountsClient, trustingAccounts } from './accounts/accounts-client.ts'
import { AccountsService } from './accounts/builtin/accounts-service.ts'
import { AccountsStore } from './accounts/builtin/accounts-store.ts'
import { accountsWorkspace } from './accounts/builtin/accounts-workspace.ts'
import type { Configuration } from './configuration/configuration.ts'
import { Core, type Inspection } from './core.ts'
import { closeDataFolder } from './data-folder.ts'
import { DEMO_WORKSPACE, fillDemo } from './demo.ts'
import { administration } from './http/administration.ts'
import { httpApp } from './http/http-app.ts'
import { createLogger } from './logger.ts'
import { Metrics } from './metrics/metrics.ts'
import { parseVersion } from './model-version.ts'
import { loadModules, modelOf } from './modules.ts'
import { loadSecret } from './secret.ts'
import { createStorage } from './storage.ts'
import { type Scheduler, systemScheduler } from './timer-wheel.ts'
import { Tokens } from './tokens.ts'
import { WebSocketTransport } from './transport/websocket-transport.ts'
import { SERVER_VERSION } from './version.ts'

export interface ServerOverrides {
  scheduler?: Scheduler
  logger?: Logger
  /** The process is asked to end: an administrator's `reboot`. */
  reboot?: () => void
  /** Ends a start that waits for its database. */
  signal?: AbortSignal
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
  const logger = overrides.logger ?? createLogger(configuration.logLevel)
  closeDataFolder(configuration.data, logger)
  const secret = await loadSecret(configuration.data, configuration.secret)
  const storage = await createStorage(configuration, logger, overrides.signal)
  const server = new AtriumServer(configuration, overrides, { modules, secret, logger, storage })
  try {
    await server.start()
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

interface ServerParts {
  modules: AtriumModule[]
  secret: string
  logger: Logger
  storage: Storage
}

class AtriumServer implements RunningServer {
  demoFilled = false
  readonly #configuration: Configuration
  readonly #modules: AtriumModule[]
  readonly #tokens: Tokens
  readonly #logger: Logger
  readonly #scheduler: Scheduler
  readonly #metrics = new Metrics()
  readonly #server: Server = createServer({ maxHeaderSize: 64 * 1024 })
  readonly #storage: Storage
  readonly #accountsClient: AccountsClient
  readonly #core: Core
  readonly #transport: WebSocketTransport
  readonly #reboot: () => void
  #accountsPipeline: Pipeline | undefined
  #stopping: Promise<void> | undefined

  constructor(
    configuration: Configuration,
    overrides: ServerOverrides,
    { modules, secret, logger, storage }: ServerParts,
  ) {
    this.#configuration = configuration
    this.#modules = modules
    this.#scheduler = overrides.scheduler ?? systemScheduler
    this.#logger = logger
    this.#reboot = overrides.reboot ?? (() => void this.stop())
    this.#tokens = new Tokens(secret, this.#scheduler.now)
    this.#storage = storage
    this.#accountsClient = this.#createAccountsClient()
    this.#core = new Core({
      configuration,
      base: modelOf(modules, configuration),
      modules: new InstalledModules(modules, { observer: this.#metrics }),
      storage: this.#storage,
      tokens: this.#tokens,
      accounts: this.#accountsClient,
      scheduler: this.#scheduler,
      logger: this.#logger,
      metrics: this.#metrics,
    })
    this.#transport = new WebSocketTransport({
      server: this.#server,
      maxPayload: configuration.maxPayload,
      origins: configuration.origins,
      accept: (connection) => this.#core.manager.accept(connection),
      logger: this.#logger,
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
    const { registry, manager, maintenance } = this.#core
    const app = httpApp({
      tokens: this.#tokens,
      logger: this.#logger,
      serverVersion: SERVER_VERSION,
      metrics: () => this.#metrics.text(),
      healthy: () => !manager.draining,
      administration: administration({
        registry,
        manager,
        maintenance,
        stop: () => setImmediate(this.#reboot),
      }),
      accounts,
    })
    const listener = getRequestListener(app.fetch)
    this.#server.on('request', (request, response) => void listener(request, response))
    await this.#listen()
    if (this.#configuration.demo) await this.#fillDemo()
  }

  inspect(): Inspection {
    return this.#core.inspect()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#transport.stop()
    this.#server.close()
    await this.#core.stop()
    await this.#transport.end(this.#configuration.closeTimeout)
    await this.#accountsPipeline?.close()
    await this.#storage.close()
    this.#server.closeAllConnections()
    this.#metrics.stop()
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
    try {
      this.demoFilled = await fillDemo({
        registry: this.#core.registry,
        modules: this.#modules,
        tokens: this.#tokens,
        accountsUrl: accounts === 'builtin' ? `${this.url}/accounts` : undefined,
      })
    } catch (error) {
      // One workspace that is broken keeps nobody out of the others.
      this.#logger.error({ err: error, workspace: DEMO_WORKSPACE }, 'the demo was not filled')
    }
  }

  async #openAccounts(): Promise<AccountsService> {
    this.#accountsPipeline = await this.#core.openPipeline(accountsWorkspace(this.#scheduler.now))
    const { modelVersion, tokenTtl, loginMaxAge, signup, publicUrl } = this.#configuration
    const { registry, manager } = this.#core
    return new AccountsService({
      store: new AccountsStore(this.#accountsPipeline),
      tokens: this.#tokens,
      observer: new AccessEnforcer({
        registry,
        manager,
        accounts: this.#accountsClient,
        logger: this.#logger,
      }),
      now: this.#scheduler.now,
      tokenTtl,
      loginMaxAge,
      signup,
      modelVersion: parseVersion(modelVersion),
      endpoint: () => publicUrl ?? this.url.replace('http', 'ws'),
    })
  }

  #createAccountsClient(): AccountsClient {
    const { accounts, accountsTimeout, accountsTries, accountsCache, accountsGrace } = this.#configuration
    if (accounts === 'none') return trustingAccounts
    return new HttpAccountsClient({
      url: () => (accounts === 'builtin' ? `${this.url}/accounts` : accounts),
      // How old its answers are: a duration.
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
