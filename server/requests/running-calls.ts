import { CallEnding } from '../../pipeline/methods/call-ending.ts'
import type { Request, RequestId } from '../../protocol/messages.ts'
import { StreamWindow } from './stream-window.ts'

/** A call of a module's method that waits or runs. */
export interface RunningCall {
  readonly id: RequestId
  readonly ending: CallEnding
  /** Set if the client expects a stream. */
  readonly window: StreamWindow | undefined
}

/** The calls of one session that can be cancelled. */
export class RunningCalls {
  readonly #calls = new Set<RunningCall>()

  begin({ id, stream }: Request): RunningCall {
    const window = stream === undefined ? undefined : new StreamWindow(stream)
    const call: RunningCall = { id, ending: new CallEnding(), window }
    this.#calls.add(call)
    return call
  }

  /** Its response was sent. */
  finished(call: RunningCall): void {
    this.#calls.delete(call)
  }

  /** The client does not want the result any more. */
  cancel(id: RequestId): void {
    for (const call of this.#calls) if (call.id === id) end(call, 'cancelled')
  }

  /** The client takes so many more values of a stream. */
  more(id: RequestId, values: number): void {
    for (const call of this.#calls) if (call.id === id) call.window?.add(values)
  }

  /** The session is over for them: for all, or for streams, which would not end by themselves. */
  over(which: 'all' | 'streams'): void {
    for (const call of this.#calls) if (which === 'all' || call.window !== undefined) end(call, 'gone')
  }
}

function end({ ending, window }: RunningCall, how: 'cancelled' | 'gone'): void {
  ending.end(how)
  window?.end()
}
