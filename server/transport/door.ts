import { createServer, type Server } from 'node:http'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { Configuration } from '../configuration/configuration.ts'
import { ClientAddresses } from '../rates/client-addresses.ts'
import { LimitReports } from '../rates/limit-reports.ts'
import { type Scheduler, TimerWheel } from '../time/timer-wheel.ts'
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
  readonly gate: ConnectionGate
  readonly addresses: ClientAddresses
  readonly reports: LimitReports
  readonly #wheel: TimerWheel

  constructor({ configuration, scheduler, logger, metrics }: DoorOptions) {
    const now = scheduler.monotonic
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
    this.server = createServer({
      maxHeaderSize: MAX_HEAD,
      // The gate bounds the time of the head, by the server's own clock.
      headersTimeout: 0,
      requestTimeout: configuration.requestTimeout,
      connectionsCheckingInterval: Math.min(5000, configuration.requestTimeout),
    })
    this.server.maxRequestsPerSocket = MAX_REQUESTS
    this.gate.watch(this.server)
  }

  stop(): void {
    this.#wheel.stop()
  }
}
