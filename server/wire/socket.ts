import type { Frame } from './frame.ts'

/** All that the server's core knows of a connection. */
export interface Socket {
  /** Writes frames in one go. */
  write: (frames: readonly Frame[]) => void
  /** Bytes accepted but not yet handed to the operating system. */
  readonly buffered: number
  /** Stops and restarts the delivery of messages. */
  pause: () => void
  resume: () => void
  ping: () => void
  /** Starts the closing handshake; the socket is gone at the latest when the transport's close timeout is over. */
  close: (code: number, reason: string) => void
  terminate: () => void
}

/** What a connection tells its session. Attached before the connection's first byte is read. */
export interface SocketHandlers {
  message: (data: Buffer, isBinary: boolean) => void
  pong: () => void
  /** The peer has taken bytes that the operating system had no room for before: it is alive. */
  taken: () => void
  /** Buffered bytes went out after `buffered` was above the transport's high-water mark. */
  drain: () => void
  /** Once, however the connection ended. */
  closed: (code: number) => void
}
