export { Connection, ConnectionClosedError, type ConnectionOptions } from './connection.ts'
export type { Dial, WebSocketLike } from './web-socket.ts'
