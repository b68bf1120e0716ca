/** The client of atrium on Node: `createNodeClient` and `fileStore`; the rest is in `client`. */
import { WebSocket } from 'ws'
import { type Client, createClient } from './client.ts'
import type { ClientOptions } from './client-options.ts'
import { Connection } from './connection/connection.ts'
import type { ConnectionOptions } from './connection/connection-options.ts'
import type { Dial, WebSocketLike } from './runtime/web-socket.ts'

export { type FileStore, fileStore, type FileStoreOptions } from './store/file-store.ts'

/** Dials with `ws`. */
export const dialNode: Dial = (url, protocols) =>
  new WebSocket(url, protocols, { perMessageDeflate: false, maxPayload: 0 }) as unknown as WebSocketLike

/**
 * A client on Node, 20 included, whose own WebSocket is not needed. See `Client`.
 *
 * @example
 * const client = createNodeClient({ url, getToken: () => token })
 * await client.ready()
 * client.terminate()
 */
export function createNodeClient(options: ClientOptions): Client {
  return createClient({ dial: dialNode, ...options })
}

/** A connection from Node. */
export async function connect(options: Omit<ConnectionOptions, 'dial'>): Promise<Connection> {
  return await Connection.open({ ...options, dial: dialNode })
}
