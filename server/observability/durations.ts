import type { Histogram, Registry } from 'prom-client'

interface Observed {
  /** Observations in each bucket; the last one has those above all bounds. */
  buckets: number[]
  sum: number
}

interface Value {
  metricName: string
  labels: Record<string, string>
  value: number
}

/**
 * A histogram of seconds by one label, for observations of every request: that of prom-client takes a microsecond for
 * each. The scraped text is the same.
 */
export class Durations {
  readonly name: string
  readonly #help: string
  readonly #label: string
  readonly #bounds: readonly number[]
  readonly #observed = new Map<string, Observed>()

  /** @param bounds seconds, ascending */
  constructor(options: {
    name: string
    help: string
    label: string
    bounds: readonly number[]
    registry: Registry
  }) {
    this.name = options.name
    this.#help = options.help
    this.#label = options.label
    this.#bounds = options.bounds
    // The registry uses only `name`, `get` and `reset`, but its type requires a class of prom-client.
    options.registry.registerMetric(this as unknown as Histogram)
  }

  observe(label: string, seconds: number): void {
    let observed = this.#observed.get(label)
    if (observed === undefined) {
      observed = { buckets: Array.from({ length: this.#bounds.length + 1 }, () => 0), sum: 0 }
      this.#observed.set(label, observed)
    }
    let bucket = 0
    while (seconds > (this.#bounds[bucket] ?? Infinity)) bucket += 1
    observed.buckets[bucket] = (observed.buckets[bucket] ?? 0) + 1
    observed.sum += seconds
  }

  reset(): void {
    this.#observed.clear()
  }

  get() {
    const values = [...this.#observed].flatMap(([label, observed]) => this.#valuesOf(label, observed))
    return { name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values }
  }

  #valuesOf(label: string, { buckets, sum }: Observed): Value[] {
    const labels = { [this.#label]: label }
    let count = 0
    const cumulated = buckets.map((each, at): Value => {
      count += each
      const le = String(this.#bounds[at] ?? '+Inf')
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count }
    })
    return [
      ...cumulated,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ]
  }
}
