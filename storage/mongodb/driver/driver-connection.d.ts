/** What `driver-repair.ts` needs of the driver's own, of which it publishes no type. */
declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net'

  export class Connection {
    readonly id: number | '<monitor>'
    readonly address: string
    readonly socket: Socket
    /** Resolves when the socket has taken it. */
    writeCommand(command: unknown, options: unknown): Promise<void>
  }
}
