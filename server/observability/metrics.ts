import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { StatusCode } from '../../model/status.ts'
import type { MemoryUse } from '../memory/memory-budget.ts'
import type { SentKind, SessionMetrics } from '../sessions/session-services.ts'
import { Durations } from './durations.ts'
import { LimitMetrics } from './limit-metrics.ts'
import { MessageCounts } from './message-counts.ts'
import { StorageMetrics } from './storage-metrics.ts'
import { TriggerMetrics } from './trigger-metrics.ts'
import { processMetrics } from './process-metrics.ts'

export interface Gauges {
  /** The mode of each. */
  sessions: () => readonly string[]
  /** The state of each. */
  workspaces: () => readonly string[]
  commitQueue: () => number
  outboxes: () => number
  /** Messages and long requests that wait for their turn. */
  turns: () => number
  memory: { readonly limits: MemoryUse; readonly isShort: boolean; readonly gaveWay: number }
}

const LATENCY_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
const GROUP_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** The metrics of a server, for Prometheus: one registry for each server, and one for the process. */
export class Metrics implements SessionMetrics {
  readonly #registry = new Registry()
  readonly storage = new StorageMetrics(this.#registry)
  readonly limits = new LimitMetrics(this.#registry)
  readonly triggers = new TriggerMetrics(this.#registry)
  readonly #connections = this.#counter('atrium_connections_total', 'Connections taken.')
  readonly #received = new MessageCounts<'text' | 'binary'>('received', 'from clients', this.#registry)
  readonly #sent = new MessageCounts<SentKind>('sent', 'to clients', this.#registry)
  readonly #failures = this.#counter(
    'atrium_request_errors_total',
    'Requests answered with an error, by code.',
    'code',
  )
  readonly #drops = this.#counter(
    'atrium_dropped_sessions_total',
    'Sessions closed because a limit was passed.',
  )
  readonly #closes = this.#counter('atrium_closed_connections_total', 'Connections closed, by code.', 'code')
  readonly #commits = this.#counter('atrium_commits_total', 'Transactions put into a log, derived ones too.')
  readonly #requests = new Durations({
    name: 'atrium_request_duration_seconds',
    help: 'From a request to its answer.',
    label: 'method',
    bounds: LATENCY_BUCKETS,
    registry: this.#registry,
  })
  readonly #accounts = this.#latency(
    'atrium_accounts_duration_seconds',
    'Asking the accounts service.',
    'outcome',
  )
  readonly #auth = this.#latency('atrium_auth_duration_seconds', 'Verifying a token.')
  readonly #lag = this.#latency('atrium_broadcast_lag_seconds', 'From a commit to its pushes in the sockets.')
  readonly #groups = new Histogram({
    name: 'atrium_commit_group_size',
    help: 'Transactions in one durable commit, derived ones too.',
    buckets: GROUP_BUCKETS,
    registers: [this.#registry],
  })

  readonly #process = processMetrics()

  connected(): void {
    this.#connections.inc()
  }

  received(type: 'text' | 'binary', bytes: number): void {
    this.#received.add(type, bytes)
  }

  sent(type: SentKind, bytes: number): void {
    this.#sent.add(type, bytes)
  }

  answered(method: string, seconds: number): void {
    this.#requests.observe(method, seconds)
  }

  failed(code: StatusCode): void {
    this.#failures.inc({ code })
  }

  dropped(): void {
    this.#drops.inc()
  }

  closed(code: number): void {
    this.#closes.inc({ code })
  }

  committed(transactions: number): void {
    this.#commits.inc(transactions)
    this.#groups.observe(transactions)
  }

  broadcast(seconds: number): void {
    this.#lag.observe(seconds)
  }

  askedAccounts(outcome: string, seconds: number): void {
    this.#accounts.observe({ outcome }, seconds)
  }

  verifiedToken(seconds: number): void {
    this.#auth.observe(seconds)
  }

  /** Gauges that are read when Prometheus scrapes. */
  watch(gauges: Gauges): void {
    const { memory } = gauges
    this.#gauge('atrium_sessions', 'Sessions, by mode.', gauges.sessions, 'mode')
    this.#gauge('atrium_workspaces', 'Workspaces, by state.', gauges.workspaces, 'state')
    this.#gauge('atrium_commit_queue_depth', 'Transactions that wait for their commit.', gauges.commitQueue)
    this.#gauge('atrium_turns_waiting', 'Messages and long requests that wait for their turn.', gauges.turns)
    this.#gauge(
      'atrium_memory_limit_bytes',
      'Memory from which on new work is refused.',
      () => memory.limits.rss,
    )
    this.#gauge('atrium_memory_short', 'Whether new work is refused: 1 or 0.', () => Number(memory.isShort))
    this.#gauge('atrium_memory_gave_way', 'Sessions closed while memory was short.', () => memory.gaveWay)
    this.#gauge('atrium_outbox_depth', 'Messages that wait for their readers.', gauges.outboxes)
  }

  async text(): Promise<string> {
    return [await this.#registry.metrics(), await this.#process.metrics()].join('\n')
  }

  stop(): void {
    this.#registry.clear()
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #latency(name: string, help: string, ...labelNames: string[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets: LATENCY_BUCKETS, registers: [this.#registry] })
  }

  #gauge(name: string, help: string, read: () => number | readonly string[], ...labelNames: string[]): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset()
        const value = read()
        if (typeof value === 'number') this.set(value)
        else for (const label of value) this.inc({ [labelNames[0] ?? '']: label })
      },
    })
  }
}
