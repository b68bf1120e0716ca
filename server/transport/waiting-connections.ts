import type { Socket } from 'node:net'

/** A connection without a session. */
export interface Waiting {
  readonly socket: Socket
  /** `undefined` behind a proxy, where it is not the client's. */
  readonly address: string | undefined
  readonly endpoint: string
  /** HTTP requests that it has sent and that are not answered. */
  requests: number
  /** A request was answered: it is kept for the next one. */
  isServed: boolean
}

/** Connections without a session, the one that waits longest first. */
export class WaitingConnections {
  readonly #all = new Set<Waiting>()
  /** A TLS socket is another object than its connection, and has the same endpoint. */
  readonly #byEndpoint = new Map<string, Waiting>()
  readonly #byAddress = new Map<string, Set<Waiting>>()

  get size(): number {
    return this.#all.size
  }

  get all(): Iterable<Waiting> {
    return this.#all
  }

  ofAddress(address: string): ReadonlySet<Waiting> | undefined {
    return this.#byAddress.get(address)
  }

  find(socket: Socket): Waiting | undefined {
    return this.#byEndpoint.get(endpointOf(socket))
  }

  isHeld(waiting: Waiting): boolean {
    return this.#all.has(waiting)
  }

  add(socket: Socket, address: string | undefined): Waiting {
    const waiting = { socket, address, endpoint: endpointOf(socket), requests: 0, isServed: false }
    this.#byEndpoint.set(waiting.endpoint, waiting)
    this.#append(waiting)
    return waiting
  }

  /** It begins to wait anew. */
  renew(waiting: Waiting): void {
    this.remove(waiting)
    this.#byEndpoint.set(waiting.endpoint, waiting)
    this.#append(waiting)
  }

  remove(waiting: Waiting): void {
    const { address, endpoint } = waiting
    this.#all.delete(waiting)
    if (this.#byEndpoint.get(endpoint) === waiting) this.#byEndpoint.delete(endpoint)
    const own = address === undefined ? undefined : this.#byAddress.get(address)
    if (address === undefined || own === undefined) return
    own.delete(waiting)
    if (own.size === 0) this.#byAddress.delete(address)
  }

  #append(waiting: Waiting): void {
    const { address } = waiting
    this.#all.add(waiting)
    if (address === undefined) return
    const own = this.#byAddress.get(address) ?? new Set()
    this.#byAddress.set(address, own)
    own.add(waiting)
  }
}

function endpointOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}
