import { Counter, type Registry } from 'prom-client'

interface Count {
  messages: number
  bytes: number
}

/** Messages by type, counted in plain numbers for speed, and given to Prometheus when it scrapes. */
export class MessageCounts<Type extends string> {
  readonly #counts = new Map<Type, Count>()

  /** @param what as in `atrium_<what>_messages_total` */
  constructor(what: string, help: string, registry: Registry) {
    this.#counter(registry, `atrium_${what}_messages_total`, `Messages ${help}, by type.`, 'messages')
    this.#counter(registry, `atrium_${what}_bytes_total`, `Bytes of messages ${help}, by type.`, 'bytes')
  }

  add(type: Type, bytes: number): void {
    let count = this.#counts.get(type)
    if (count === undefined) this.#counts.set(type, (count = { messages: 0, bytes: 0 }))
    count.messages += 1
    count.bytes += bytes
  }

  #counter(registry: Registry, name: string, help: string, of: keyof Count): void {
    const counts = this.#counts
    new Counter({
      name,
      help,
      labelNames: ['type'],
      registers: [registry],
      collect() {
        this.reset()
        for (const [type, count] of counts) this.inc({ type }, count[of])
      },
    })
  }
}
