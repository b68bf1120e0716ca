/** The part of the browser's WebSocket that the client uses. The WebSocket of `ws` has it too. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  /** Bytes that were given to `send` and have not been handed to the network. */
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

/** Opens a WebSocket. The token is a subprotocol, so that neither URLs nor access logs contain it. */
export type Dial = (url: string, protocols: string[]) => WebSocketLike
