/** The internals of the driver that `driver-repair.ts` uses. The driver does not publish their types. */
declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net'

  export class Connection {
    readonly id: number | '<monitor>'
    readonly address: string
    readonly socket: Socket
    /** Resolves when the socket has accepted the data. */
    writeCommand(command: unknown, options: unknown): Promise<void>
  }
}
