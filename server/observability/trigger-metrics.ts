import { Counter, Gauge, type Registry } from 'prom-client'
import type { TriggerFailure, TriggerObserver } from '../../pipeline/modules/trigger.ts'
import { Durations } from './durations.ts'

/** How far the triggers of an open workspace are behind. */
export type TriggerLags = readonly {
  /** `module.name` */
  trigger: string
  lag: { transactions: number; unread: number; seconds: number; failing: number }
}[]

const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The metrics of triggers. The label `trigger` is `module.name`. */
export class TriggerMetrics implements TriggerObserver {
  readonly #registry: Registry
  readonly #failures: Counter
  readonly #runs: Durations

  constructor(registry: Registry) {
    this.#registry = registry
    this.#failures = new Counter({
      name: 'atrium_trigger_failures_total',
      help: 'Triggers that failed, and what came of it.',
      labelNames: ['trigger', 'outcome'],
      registers: [registry],
    })
    this.#runs = new Durations({
      name: 'atrium_trigger_duration_seconds',
      help: 'Runs of triggers.',
      label: 'trigger',
      bounds: BOUNDS,
      registry,
    })
  }

  triggerFailed(trigger: string, outcome: TriggerFailure): void {
    this.#failures.inc({ trigger, outcome })
  }

  triggerRan(trigger: string, seconds: number): void {
    this.#runs.observe(trigger, seconds)
  }

  /** @param lags of all open workspaces, read when Prometheus scrapes */
  watch(lags: () => Iterable<TriggerLags>): void {
    const gauge = (name: string, help: string, combine: (lags: readonly Lag[]) => number): void => {
      new Gauge({
        name: `atrium_trigger_${name}`,
        help,
        labelNames: ['trigger'],
        registers: [this.#registry],
        collect() {
          this.reset()
          for (const [trigger, some] of byTrigger(lags())) this.set({ trigger }, combine(some))
        },
      })
    }
    gauge('lag_transactions', 'Transactions that wait for a trigger, in all open workspaces.', (some) =>
      sumOf(some, ({ transactions, unread }) => transactions + unread),
    )
    gauge('lag_seconds', 'Age of the oldest transaction that waits for a trigger.', (some) =>
      some.reduce((most, { seconds }) => Math.max(most, seconds), 0),
    )
    gauge('failing', 'Transactions that failed, and whose next run is due later.', (some) =>
      sumOf(some, ({ failing }) => failing),
    )
  }
}

type Lag = TriggerLags[number]['lag']

function sumOf(lags: readonly Lag[], value: (lag: Lag) => number): number {
  return lags.reduce((sum, lag) => sum + value(lag), 0)
}

function byTrigger(lags: Iterable<TriggerLags>): Map<string, Lag[]> {
  const found = new Map<string, Lag[]>()
  for (const workspace of lags) {
    for (const { trigger, lag } of workspace) {
      const known = found.get(trigger)
      if (known === undefined) found.set(trigger, [lag])
      else known.push(lag)
    }
  }
  return found
}
