import { StatusError } from '../../model/status.ts'
import { ChunkAssembler } from '../../protocol/chunks.ts'
import type { Response } from '../../protocol/messages.ts'
import { callSafely, type Report } from '../runtime/report.ts'
import type { ExchangeObserver } from './connection-options.ts'

interface Pending extends ExchangeObserver {
  resolve: (response: Response) => void
  reject: (error: unknown) => void
}

/** The requests of one connection that wait for their responses. */
export class PendingResponses {
  readonly #pending = new Map<Response['id'], Pending>()
  readonly #chunks = new ChunkAssembler()
  readonly #report: Report

  constructor(report: Report) {
    this.#report = report
  }

  add(id: Response['id'], pending: Pending): void {
    this.#pending.set(id, pending)
  }

  /**
   * A frame of a response was received: all of it or a chunk.
   *
   * @param bytes of the frame
   */
  receive(frame: Response, bytes: number): void {
    const pending = this.#pending.get(frame.id)
    pending?.received?.(bytes)
    if (frame.more === true) return callSafely(this.#report, () => pending?.value?.(frame.result))
    const whole = this.#chunks.add(frame)
    if (whole !== undefined) this.settle(whole.id, whole)
    else callSafely(this.#report, () => pending?.progress?.(this.#chunks.progress(frame.id)))
  }

  settle(id: Response['id'], response: Response): void {
    const { error } = response
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (error === undefined) pending?.resolve(response)
    else pending?.reject(new StatusError(error.code, error.params))
  }

  rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    this.#chunks.clear()
  }
}
