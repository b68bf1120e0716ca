import { MongoError, MongoNetworkError } from 'mongodb'
import { Connection } from 'mongodb/lib/cmap/connection.js'

/*
 * Works around a defect of driver 7.8. If a socket closes while a command is written, the command waits forever for a
 * `drain` event. Neither a timeout nor the end of the connection ends this. If the driver's monitor sent the command,
 * the server remains unknown. The patch ends the command when the socket closes. Also, the driver throws socket
 * errors unchanged, so that nobody recognizes them as connection failures. The patch wraps them.
 */

const ends = new WeakMap<Connection['socket'], Promise<never>>()
// oxlint-disable-next-line typescript/unbound-method -- it is called with the connection
const { writeCommand } = Connection.prototype

Connection.prototype.writeCommand = async function (this: Connection, command, options) {
  try {
    await Promise.race([writeCommand.call(this, command, options), closed(this)])
  } catch (error) {
    if (error instanceof MongoError) throw error
    const cause = error instanceof Error ? error : new Error(String(error))
    throw new MongoNetworkError(`connection ${this.id} to ${this.address} failed`, { cause })
  }
}

/** Rejects when the socket closes. One promise per socket. */
function closed({ id, address, socket }: Connection): Promise<never> {
  const known = ends.get(socket)
  if (known !== undefined) return known
  const end = new Promise<never>((_resolve, reject) => {
    const fail = () => reject(new MongoNetworkError(`connection ${id} to ${address} closed during a write`))
    if (socket.closed) fail()
    else socket.once('close', fail)
  })
  end.catch(() => undefined)
  ends.set(socket, end)
  return end
}
