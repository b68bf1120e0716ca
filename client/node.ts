/** The parts of the client that need Node. The rest is in `atrium/client`. */
import { WebSocket } from 'ws'
import { type Client, createClient } from './client.ts'
import type { ClientOptions } from './client-options.ts'
import { Connection } from './connection/connection.ts'
import type { ConnectionOptions } from './connection/connection-options.ts'
import type { Dial, WebSocketLike } from './runtime/web-socket.ts'

export { type FileStore, fileStore, type FileStoreOptions } from './store/file-store.ts'

/** Dials with the package `ws`. */
export const dialNode: Dial = (url, protocols) =>
  // Its overloads of `addEventListener` are declared in another way.
  new WebSocket(url, protocols, { perMessageDeflate: false, maxPayload: 0 }) as unknown as WebSocketLike

/**
 * Creates a client for Node, from version 20 on: it does not need the platform's WebSocket. See `Client`.
 *
 * @example
 * const client = createNodeClient({ url, getToken: () => token })
 * await client.ready()
 * client.terminate()
 */
export function createNodeClient(options: ClientOptions): Client {
  return createClient({ dial: dialNode, ...options })
}

/** Opens a single connection, which does not reconnect. */
export async function connect(options: Omit<ConnectionOptions, 'dial'>): Promise<Connection> {
  return await Connection.open({ ...options, dial: dialNode })
}
