import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { ClientAddresses } from '../rates/client-addresses.ts'
import { LimitReports } from '../rates/limit-reports.ts'
import { type Scheduler, TimerWheel } from '../time/timer-wheel.ts'
import { AllowedOrigins } from './allowed-origins.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { ConnectionGate } from './connection-gate.ts'

export interface DoorOptions {
  /** Options that are read again are read each time. */
  configuration: Configuration
  scheduler: Scheduler
  logger: Logger
  metrics: { hit: (limit: string) => void; watchWaiting: (read: () => number) => void }
}

/** Maximum bytes of the head of a request: tokens stand in it. */
const MAX_HEAD = 64 * 1024
/** Requests of one HTTP connection; its client opens another one after them. */
const MAX_REQUESTS = 10_000

/** The HTTP server and what bounds strangers at it. */
export class Door {
  readonly server: Server
  readonly origins: AllowedOrigins
  readonly #configuration: Configuration
  readonly #tls: TlsServer | undefined
  #certificate: Certificate | undefined
  readonly gate: ConnectionGate
  readonly addresses: ClientAddresses
  readonly reports: LimitReports
  readonly #wheel: TimerWheel

  constructor({ configuration, scheduler, logger, metrics }: DoorOptions) {
    const now = scheduler.monotonic
    const { host } = configuration
    this.#configuration = configuration
    this.origins = new AllowedOrigins({
      origins: () => configuration.origins,
      host,
      publicUrl: () => configuration.publicUrl,
    })
    this.#wheel = new TimerWheel(scheduler)
    this.addresses = new ClientAddresses(() => configuration.trustProxy)
    this.reports = new LimitReports({ logger, now, count: (limit) => metrics.hit(limit) })
    const { addresses, reports } = this
    this.gate = new ConnectionGate({
      limits: () => configuration,
      addresses,
      reports,
      wheel: this.#wheel,
      now,
    })
    metrics.watchWaiting(() => this.gate.size)
    const options = {
      maxHeaderSize: MAX_HEAD,
      // The gate bounds the time of the head, by the server's own clock.
      headersTimeout: 0,
      requestTimeout: configuration.requestTimeout,
      connectionsCheckingInterval: Math.min(5000, configuration.requestTimeout),
    }
    this.#certificate = readCertificate(configuration)
    if (this.#certificate === undefined) this.server = createServer(options)
    else this.server = this.#tls = createTlsServer({ ...options, ...this.#certificate })
    this.server.maxRequestsPerSocket = MAX_REQUESTS
    this.gate.watch(this.server)
  }

  get isSecure(): boolean {
    return this.#tls !== undefined
  }

  /**
   * Uses the files of the certificate as they are now; connections keep theirs.
   * @returns whether they have changed
   * @throws ConfigurationError; the former certificate stays
   */
  renewCertificate(): boolean {
    if (this.#tls === undefined) return false
    const next = readCertificate(this.#configuration)
    if (next === undefined || JSON.stringify(next) === JSON.stringify(this.#certificate)) return false
    this.#tls.setSecureContext(next)
    this.#certificate = next
    return true
  }

  stop(): void {
    this.#wheel.stop()
  }
}
