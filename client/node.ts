import { WebSocket } from 'ws'
import { Connection, type ConnectionOptions } from './connection.ts'
import type { Dial, WebSocketLike } from './web-socket.ts'

/** Dials with `ws`. */
export const dialNode: Dial = (url, protocols) =>
  new WebSocket(url, protocols, { perMessageDeflate: false, maxPayload: 0 }) as unknown as WebSocketLike

/** A connection from Node. */
export async function connect(options: Omit<ConnectionOptions, 'dial'>): Promise<Connection> {
  return await Connection.open({ ...options, dial: dialNode })
}
