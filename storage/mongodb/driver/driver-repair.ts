import { MongoError, MongoNetworkError } from 'mongodb'
import { Connection } from 'mongodb/lib/cmap/connection.js'

/*
 * Driver 7.8: a command that is written while its socket goes away waits for the `drain` of that socket, which never
 * comes, and neither a timeout nor the end of the connection ends that. Such a command of the driver's monitor leaves
 * the server unknown for good. Here the end of the socket ends it. And an error that the socket tells of meanwhile is
 * thrown as it is, which nobody takes for the failure of a connection: here it is made one.
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

/** Fails when the socket is closed. One for each, whatever is written to it. */
function closed({ id, address, socket }: Connection): Promise<never> {
  const known = ends.get(socket)
  if (known !== undefined) return known
  const end = new Promise<never>((_resolve, reject) => {
    const fail = () =>
      reject(new MongoNetworkError(`connection ${id} to ${address} closed while it was written to`))
    if (socket.closed) fail()
    else socket.once('close', fail)
  })
  end.catch(() => undefined)
  ends.set(socket, end)
  return end
}
