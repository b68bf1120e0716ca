/** The part of the browser's WebSocket that the client uses; the one of `ws` has it too. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  /** Bytes that were given to `send` and are not on their way yet. */
  readonly bufferedAmount: number
  send: (data: string | Uint8Array<ArrayBuffer>) => void
  close: (code?: number, reason?: string) => void
  addEventListener: {
    (type: 'open', listener: () => void): void
    (type: 'message', listener: (event: { data: unknown }) => void): void
    (type: 'close', listener: (event: { code: number; reason: string }) => void): void
    (type: 'error', listener: (event: unknown) => void): void
  }
}

/** Starts a connection. The token goes as a subprotocol, so that it stands in no URL and no log. */
export type Dial = (url: string, protocols: string[]) => WebSocketLike
