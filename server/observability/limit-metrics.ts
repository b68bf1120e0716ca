import { Counter, Gauge, type Registry } from 'prom-client'

/** The metrics of limits, and of connections that have no session yet. */
export class LimitMetrics {
  readonly #registry: Registry
  readonly #hits: Counter

  constructor(registry: Registry) {
    this.#registry = registry
    this.#hits = new Counter({
      name: 'atrium_rate_limited_total',
      help: 'What limits of rates and connections refused, by limit.',
      labelNames: ['limit'],
      registers: [registry],
    })
  }

  hit(limit: string): void {
    this.#hits.inc({ limit })
  }

  watchWaiting(read: () => number): void {
    new Gauge({
      name: 'atrium_waiting_connections',
      help: 'Connections without a session, HTTP among them.',
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }
}
