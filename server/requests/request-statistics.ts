export interface Counts {
  find: number
  tx: number
}

/** Milliseconds of a slot; the last five minutes are five slots. */
const SLOT = 60_000
const SLOTS = 5

/** Requests of one session: in the current minute, in the last five minutes, and in total. */
export class RequestStatistics {
  readonly #monotonic: () => number
  readonly total: Counts = { find: 0, tx: 0 }
  readonly #slots: { slot: number; counts: Counts }[] = []

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  count(kind: keyof Counts): void {
    this.total[kind] += 1
    const slot = Math.floor(this.#monotonic() / SLOT)
    let last = this.#slots.at(-1)
    if (last?.slot !== slot) {
      last = { slot, counts: { find: 0, tx: 0 } }
      this.#slots.push(last)
      if (this.#slots.length > SLOTS) this.#slots.shift()
    }
    last.counts[kind] += 1
  }

  wipe(): void {
    this.total.find = 0
    this.total.tx = 0
    this.#slots.length = 0
  }

  get current(): Counts {
    return this.#since(1)
  }

  get lastFiveMinutes(): Counts {
    return this.#since(SLOTS)
  }

  #since(slots: number): Counts {
    const now = Math.floor(this.#monotonic() / SLOT)
    const sum = { find: 0, tx: 0 }
    for (const { slot, counts } of this.#slots) {
      if (slot > now || slot <= now - slots) continue
      sum.find += counts.find
      sum.tx += counts.tx
    }
    return sum
  }
}
