import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Frame } from '../wire/frame.ts'
import type { Socket } from '../wire/socket.ts'

/** A connection over a WebSocket of `ws`; frames are written past it, as they are encoded already. */
export class WsSocket implements Socket {
  readonly #ws: WebSocket
  readonly #duplex: Duplex & { readonly bytesRead?: number }
  readonly #taken: () => void
  /** Bytes that the operating system has not accepted yet. */
  #held = 0
  /** Bytes read when the last message was complete. */
  #completed = 0

  /** @param taken called when the operating system accepts bytes that it had no room for before */
  constructor(ws: WebSocket, duplex: Duplex, taken: () => void) {
    this.#ws = ws
    this.#duplex = duplex
    this.#taken = taken
  }

  get buffered(): number {
    return this.#duplex.writableLength
  }

  /** Bytes of pings count too, until the next message. */
  get unfinished(): number {
    return (this.#duplex.bytesRead ?? 0) - this.#completed
  }

  /** A message has arrived completely. */
  arrived(): void {
    this.#completed = this.#duplex.bytesRead ?? 0
  }

  write(frames: readonly Frame[]): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    // Node reports room before it reports written bytes.
    this.#look()
    const last = frames.length - 1
    if (last > 0) this.#duplex.cork()
    let at = 0
    // The same function each time, so that Node batches its calls.
    for (const frame of frames) this.#duplex.write(frame, at++ === last ? this.#written : undefined)
    if (last > 0) this.#duplex.uncork()
    this.#held = this.#duplex.writableLength
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  ping(): void {
    if (this.#ws.readyState === this.#ws.OPEN) this.#ws.ping()
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
  }

  terminate(): void {
    this.#ws.terminate()
  }

  readonly #written = (error?: Error | null): void => {
    if (!error) this.#look()
  }

  /** Bytes that were accepted at once are no sign of life: the system buffers them for a dead peer too. */
  #look(): void {
    const before = this.#held
    this.#held = this.#duplex.writableLength
    if (this.#held < before) this.#taken()
  }
}
