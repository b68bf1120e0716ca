import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  /** The address of the server through the proxy. */
  url: string
  port: number
  /** Ends every connection, at any point. */
  cut: () => void
  /** Cuts the connections so many milliseconds after the next bytes of a client. */
  cutAfterNextRequest: (delay: number) => void
  /** Holds back all bytes, or the responses, and keeps the connections. */
  stall: (what: 'all' | 'answers') => void
  /** Limits responses to so many bytes per millisecond on each connection; `undefined`: no limit. */
  throttle: (rate: number | undefined) => void
  /** Continues with the bytes that were held back. */
  resume: () => void
  /** Ends every connection, and refuses others until it is told to accept them. */
  refuse: (isRefusing: boolean) => void
  close: () => Promise<void>
}

interface Link {
  client: Socket
  upstream: Socket
}

/** Forwards connections to a server, until it is told to cut, stall or refuse them. */
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
