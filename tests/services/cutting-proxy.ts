import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  /** As that of the server, but through the proxy. */
  url: string
  port: number
  /** Ends every connection, whatever is under way. */
  cut: () => void
  /** Cuts in so many milliseconds after the next bytes that a client sends. */
  cutAfterNextRequest: (delay: number) => void
  /** Lets nothing through any more, or no answers, and keeps the connections. */
  stall: (what: 'all' | 'answers') => void
  /** Answers come at so many bytes a millisecond, on each connection; `undefined`: as fast as they can. */
  throttle: (rate: number | undefined) => void
  /** What was held back goes on. */
  resume: () => void
  /** Ends every connection, and takes no other until told so. */
  refuse: (isRefusing: boolean) => void
  close: () => Promise<void>
}

interface Link {
  client: Socket
  upstream: Socket
}

/** Passes connections on to a server, until it is told to cut, stall or refuse them. */
export async function cuttingProxy(serverUrl: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(serverUrl.replace(/^mongodb:/, 'http:'))
  const links = new Set<Link>()
  let cutIn: number | undefined
  let stalled: 'all' | 'answers' | undefined
  let isRefusing = false
  let rate: number | undefined
  const cut = () => {
    for (const { client, upstream } of links) for (const socket of [client, upstream]) socket.destroy()
    links.clear()
  }
  const hold = ({ client, upstream }: Link) => {
    if (stalled !== undefined) upstream.pause()
    if (stalled === 'all') client.pause()
  }
  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy()
      return
    }
    const link = { client, upstream: connect(Number(port), hostname) }
    links.add(link)
    for (const socket of [client, link.upstream]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        links.delete(link)
        for (const each of [client, link.upstream]) each.destroy()
      })
    }
    client.on('data', (bytes) => {
      link.upstream.write(bytes)
      if (cutIn === undefined) return
      setTimeout(cut, cutIn)
      cutIn = undefined
    })
    link.upstream.on('data', (bytes) => {
      client.write(bytes)
      if (rate === undefined) return
      link.upstream.pause()
      setTimeout(() => stalled ?? link.upstream.resume(), bytes.length / rate)
    })
    hold(link)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    url: `mongodb://127.0.0.1:${address.port}/?directConnection=true`,
    port: address.port,
    throttle: (value) => (rate = value),
    cut,
    cutAfterNextRequest: (delay) => (cutIn = delay),
    stall: (what) => {
      stalled = what
      links.forEach(hold)
    },
    resume: () => {
      stalled = undefined
      for (const { client, upstream } of links) for (const socket of [client, upstream]) socket.resume()
    },
    refuse: (value) => {
      isRefusing = value
      if (value) cut()
    },
    close: async () => {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
