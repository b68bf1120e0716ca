import { closeCodes } from '../../protocol/close-codes.ts'
import { SIGNAL_ID } from '../../protocol/messages.ts'
import type { Status } from '../../model/status.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import { encodeFrame } from '../wire/encode-response.ts'
import { initialFormat } from '../wire/frame-format.ts'
import type { Socket, SocketHandlers } from '../wire/socket.ts'

/** Milliseconds that a refused connection stays open, so that its client reads why. */
const LINGER = 1000
/** Milliseconds that its client then has for the closing handshake. */
const CLOSING = 1000

export interface RefusalOptions {
  wheel: TimerWheel
  /** Messages that are answered; one more ends the connection. */
  messages: number
}

/** Tells a client with a bad token why it is refused, answers a few messages with it, and closes the connection. */
export function refuseConnection(socket: Socket, error: Status, options: RefusalOptions): SocketHandlers {
  const { wheel, messages } = options
  const { code, reason } = closeCodes.unauthorized
  const frame = encodeFrame({ id: SIGNAL_ID, error }, initialFormat)
  let left = messages
  let isClosing = false
  socket.write([encodeFrame({ id: SIGNAL_ID, result: 'hello', error }, initialFormat)])
  const close = () => {
    isClosing = true
    cancel()
    socket.close(code, reason)
    cancel = wheel.schedule(CLOSING, () => socket.terminate())
  }
  let cancel = wheel.schedule(LINGER, close)
  const message = () => {
    // What comes while the closing handshake runs was sent before the client knew of it.
    if (left === 0) return isClosing ? socket.terminate() : close()
    left -= 1
    if (!isClosing) socket.write([frame])
  }
  const nothing = () => undefined
  return { message, pong: nothing, taken: nothing, drain: nothing, closed: () => cancel() }
}
