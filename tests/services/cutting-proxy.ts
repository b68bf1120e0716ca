import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  /** As that of the server, but through the proxy. */
  url: string
  /** Ends every connection, whatever is under way. */
  cut: () => void
  /** Cuts in so many milliseconds after the next bytes that a client sends. */
  cutAfterNextRequest: (delay: number) => void
  close: () => Promise<void>
}

/** Passes connections on to a server, until it cuts them. */
export async function cuttingProxy(serverUrl: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(serverUrl.replace(/^mongodb:/, 'http:'))
  const sockets = new Set<Socket>()
  let cutIn: number | undefined
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => [client, upstream].forEach((each) => each.destroy()))
    }
    client.on('data', (bytes) => {
      upstream.write(bytes)
      if (cutIn === undefined) return
      setTimeout(cut, cutIn)
      cutIn = undefined
    })
    upstream.pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    url: `mongodb://127.0.0.1:${address.port}/?directConnection=true`,
    cut,
    cutAfterNextRequest: (delay) => (cutIn = delay),
    close: async () => {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
