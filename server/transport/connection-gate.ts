import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { addressKey, type ClientAddresses } from '../rates/client-addresses.ts'
import type { LimitReports } from '../rates/limit-reports.ts'
import { MemoryRateStore } from '../rates/memory-rate-store.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'
import { type Waiting, WaitingConnections } from './waiting-connections.ts'

/** 0 turns a limit off. */
export interface GateLimits {
  /** Milliseconds in which a connection sends a whole request head, or becomes a session. */
  handshakeTimeout: number
  /** Connections without a session. */
  maxWaitingConnections: number
  /** The same for one address. */
  maxAddressWaiting: number
  /** New connections of one address in a second. */
  addressConnections: number
}

export interface GateOptions {
  limits: () => GateLimits
  addresses: ClientAddresses
  reports: LimitReports
  wheel: TimerWheel
  /** Monotonic milliseconds. */
  now: () => number
}

const SECOND = 1000
/** Addresses whose connections are counted at once. */
const MAX_ADDRESSES = 50_000

/**
 * Bounds the connections of strangers: of everybody without a session. One that waits for its peer longest makes room for
 * a new one, as handshakes that are meant take little time. Connections of proxies are counted by the clients behind them
 * once their head is read, and before that in the total only.
 */
export class ConnectionGate {
  readonly #options: GateOptions
  readonly #rates: MemoryRateStore
  readonly #waiting = new WaitingConnections()
  readonly #timers = new WeakMap<Waiting, Cancel>()

  constructor(options: GateOptions) {
    this.#options = options
    this.#rates = new MemoryRateStore({ keys: MAX_ADDRESSES, now: options.now })
  }

  /** Connections without a session. */
  get size(): number {
    return this.#waiting.size
  }

  watch(server: Server): void {
    // The raw socket of a TLS connection too: its handshake counts.
    server.on('connection', (socket: Socket) => this.#arrived(socket))
    server.on('request', (request, response) => {
      const waiting = this.#waiting.find(request.socket)
      if (waiting === undefined) return
      this.#busy(waiting)
      response.once('close', () => this.#idle(waiting))
    })
  }

  /** Whether the client behind a proxy may connect now; that of another connection was asked when it arrived. */
  admits(request: IncomingMessage): boolean {
    const { addresses } = this.#options
    if (!addresses.isProxy(request.socket.remoteAddress ?? '')) return true
    return this.#isWithinRate(addresses.of(request))
  }

  /** The address of the client, in the form that limits count by. */
  addressOf(request: IncomingMessage): string {
    return this.#options.addresses.of(request)
  }

  /** The connection has a session with limits of its own. */
  admitted(socket: Duplex): void {
    const waiting = this.#waiting.find(socket as Socket)
    if (waiting !== undefined) this.#gone(waiting)
  }

  #arrived(socket: Socket): void {
    const peer = socket.remoteAddress
    if (peer === undefined) return void socket.destroy()
    const address = this.#options.addresses.isProxy(peer) ? undefined : addressKey(peer)
    if (!this.#hasRoom(address)) {
      // A reset costs nothing, and a flood does not read a reason.
      socket.resetAndDestroy()
      return
    }
    const waiting = this.#waiting.add(socket, address)
    socket.once('close', () => this.#gone(waiting))
    this.#startTimer(waiting)
  }

  #hasRoom(address: string | undefined): boolean {
    const { maxWaitingConnections, maxAddressWaiting } = this.#options.limits()
    if (address !== undefined && !this.#isWithinRate(address)) return false
    const own = address === undefined ? undefined : this.#waiting.ofAddress(address)
    if (own !== undefined && own.size >= maxAddressWaiting && maxAddressWaiting > 0)
      if (!this.#makeRoom(own, 'waiting connections of an address', address)) return false
    if (this.#waiting.size < maxWaitingConnections || maxWaitingConnections === 0) return true
    return this.#makeRoom(this.#waiting.all, 'waiting connections', address)
  }

  #isWithinRate(address: string): boolean {
    const { addressConnections } = this.#options.limits()
    if (addressConnections === 0) return true
    if (this.#rates.take(address, 1, SECOND).spent <= addressConnections) return true
    this.#options.reports.hit('connections of an address', { address })
    return false
  }

  /** Ends the one that has waited longest. @returns `false`: all of them are being served */
  #makeRoom(among: Iterable<Waiting>, limit: string, address: string | undefined): boolean {
    this.#options.reports.hit(limit, { address })
    for (const waiting of among) {
      if (waiting.requests > 0) continue
      this.#end(waiting)
      return true
    }
    return false
  }

  #busy(waiting: Waiting): void {
    waiting.requests += 1
    this.#timers.get(waiting)?.()
  }

  #idle(waiting: Waiting): void {
    waiting.requests -= 1
    waiting.isServed = true
    if (waiting.requests > 0 || !this.#waiting.isHeld(waiting)) return
    this.#waiting.renew(waiting)
    this.#startTimer(waiting)
  }

  #startTimer(waiting: Waiting): void {
    const { handshakeTimeout } = this.#options.limits()
    const late = () => {
      if (!waiting.isServed) this.#options.reports.hit('time of a handshake', { address: waiting.address })
      this.#end(waiting)
    }
    this.#timers.set(waiting, this.#options.wheel.schedule(handshakeTimeout, late))
  }

  #end(waiting: Waiting): void {
    this.#gone(waiting)
    waiting.socket.destroy()
  }

  #gone(waiting: Waiting): void {
    this.#timers.get(waiting)?.()
    this.#waiting.remove(waiting)
  }
}
