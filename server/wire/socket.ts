import type { Frame } from './frame.ts'

/** A connection, as sessions use it. */
export interface Socket {
  /** Writes frames together. */
  write: (frames: readonly Frame[]) => void
  /** Bytes accepted but not yet handed to the operating system. */
  readonly buffered: number
  /** Bytes of a message that has not arrived completely. */
  readonly unfinished: number
  /** Stops and restarts the delivery of messages. */
  pause: () => void
  resume: () => void
  ping: () => void
  /** Starts the closing handshake; the socket is gone at the latest when the transport's close timeout is over. */
  close: (code: number, reason: string) => void
  terminate: () => void
}

/** The events of a connection. The handlers are attached before its first byte is read. */
export interface SocketHandlers {
  message: (data: Buffer, isBinary: boolean) => void
  pong: () => void
  /** The peer has received bytes that the operating system had no room for before, so it is alive. */
  taken: () => void
  /** Buffered bytes were sent after `buffered` was above the high-water mark of the transport. */
  drain: () => void
  /** Called once, however the connection ended. */
  closed: (code: number) => void
}
