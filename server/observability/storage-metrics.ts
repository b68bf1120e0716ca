import { Counter, Gauge, type Registry } from 'prom-client'
import type { StorageObserver } from '../../storage/storage-observer.ts'
import { Durations } from './durations.ts'

const QUEUE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** The queues and threads of storage. */
export class StorageMetrics implements StorageObserver {
  readonly #registry: Registry
  readonly #queues: Durations
  readonly #timeouts: Counter
  readonly #replacements: Counter

  constructor(registry: Registry) {
    this.#registry = registry
    this.#queues = new Durations({
      name: 'atrium_storage_queue_seconds',
      help: 'From a call of storage to its start in a thread.',
      label: 'role',
      bounds: QUEUE_BUCKETS,
      registry,
    })
    const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] })
    this.#timeouts = counter('atrium_storage_timeouts_total', 'Reads that were stopped at their deadline.')
    this.#replacements = counter(
      'atrium_storage_threads_replaced_total',
      'Threads that did not stop a read, and were replaced.',
    )
  }

  waited(role: string, seconds: number): void {
    this.#queues.observe(role, seconds)
  }

  timedOut(): void {
    this.#timeouts.inc()
  }

  replaced(): void {
    this.#replacements.inc()
  }

  watchDepths(depths: () => Map<string, number>): void {
    new Gauge({
      name: 'atrium_storage_depth',
      help: 'Calls of storage that wait or run, by role.',
      labelNames: ['role'],
      registers: [this.#registry],
      collect() {
        for (const [role, depth] of depths()) this.set({ role }, depth)
      },
    })
  }
}
