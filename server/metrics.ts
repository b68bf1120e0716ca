import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { SessionMetrics } from './sessions/session-services.ts'

export interface Gauges {
  sessions: () => number
  workspaces: () => Map<string, number>
  commitQueue: () => number
}

const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** What the server counts, for Prometheus; one registry for each server. */
export class Metrics implements SessionMetrics {
  readonly #registry = new Registry()
  readonly #received = this.#counter('atrium_messages_received_total', 'Messages from clients.')
  readonly #receivedBytes = this.#counter('atrium_received_bytes_total', 'Bytes of messages from clients.')
  readonly #failures = this.#counter('atrium_request_errors_total', 'Requests answered with an error.')
  readonly #deliveries = this.#counter('atrium_broadcast_deliveries_total', 'Pushes given to a session.')
  readonly #drops = this.#counter(
    'atrium_dropped_sessions_total',
    'Sessions closed because a limit was passed.',
  )
  readonly #commits = this.#counter('atrium_commits_total', 'Transactions committed.')
  readonly #closes: Counter<'code'>
  readonly #requests: Histogram<'method'>
  readonly #groups: Histogram
  readonly #accounts: Histogram<'outcome'>

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#closes = new Counter({
      name: 'atrium_connections_closed_total',
      help: 'Connections closed, by close code.',
      labelNames: ['code'] as const,
      registers,
    })
    this.#requests = new Histogram({
      name: 'atrium_request_duration_seconds',
      help: 'From a request to its answer.',
      labelNames: ['method'] as const,
      buckets: LATENCY_BUCKETS,
      registers,
    })
    this.#groups = new Histogram({
      name: 'atrium_commit_group_size',
      help: 'Transactions in one durable commit.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    })
    this.#accounts = new Histogram({
      name: 'atrium_accounts_duration_seconds',
      help: 'Questions to the accounts service.',
      labelNames: ['outcome'] as const,
      buckets: LATENCY_BUCKETS,
      registers,
    })
  }

  received(bytes: number): void {
    this.#received.inc()
    this.#receivedBytes.inc(bytes)
  }

  answered(method: string, seconds: number): void {
    this.#requests.observe({ method }, seconds)
  }

  failed(): void {
    this.#failures.inc()
  }

  delivered(): void {
    this.#deliveries.inc()
  }

  dropped(): void {
    this.#drops.inc()
  }

  closed(code: number): void {
    this.#closes.inc({ code: String(code) })
  }

  committed(transactions: number): void {
    this.#commits.inc(transactions)
    this.#groups.observe(transactions)
  }

  askedAccounts(outcome: string, seconds: number): void {
    this.#accounts.observe({ outcome }, seconds)
  }

  /** Values that are read when somebody asks. */
  watch(gauges: Gauges): void {
    const registers = [this.#registry]
    new Gauge({
      name: 'atrium_sessions',
      help: 'Sessions.',
      registers,
      collect() {
        this.set(gauges.sessions())
      },
    })
    new Gauge({
      name: 'atrium_workspaces',
      help: 'Workspaces, by state.',
      labelNames: ['state'] as const,
      registers,
      collect() {
        this.reset()
        for (const [state, count] of gauges.workspaces()) this.set({ state }, count)
      },
    })
    new Gauge({
      name: 'atrium_commit_queue_depth',
      help: 'Transactions that wait for their commit.',
      registers,
      collect() {
        this.set(gauges.commitQueue())
      },
    })
  }

  async text(): Promise<string> {
    return await this.#registry.metrics()
  }

  stop(): void {
    this.#registry.clear()
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#registry] })
  }
}
