import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'
import { onTestEnd } from './on-test-end.ts'

interface ProxyOptions {
  maxPayload?: number
  path?: string
  target?: () => string
}

/**
 * A proxy that speaks WebSocket on both sides, like load balancers, with its own limit. It ends with the test.
 *
 * @param options.maxPayload bytes of the largest message that it forwards; a larger one closes the connection with 1009
 * @param options.path prefix that it removes from each path
 * @param options.target the server, where it is not known before
 * @returns `ws://HOST:PORT` and the requested paths
 */
export async function wsProxy(
  serverUrl: string,
  { maxPayload = 0, path = '', target = () => serverUrl }: ProxyOptions = {},
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const proxy = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload })
  proxy.on('connection', (client, request) => {
    const wanted = request.url ?? '/'
    asked.push(wanted)
    const inner = path !== '' && wanted.startsWith(path) ? wanted.slice(path.length) : wanted
    const protocols = request.headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? []
    const server = new WebSocket(`${target()}${inner.startsWith('/') ? '' : '/'}${inner}`, protocols)
    const waiting: [data: Buffer, binary: boolean][] = []
    server.on('open', () => {
      for (const [data, binary] of waiting) server.send(data, { binary })
    })
    client.on('message', (data: Buffer, binary) => {
      if (server.readyState === WebSocket.OPEN) server.send(data, { binary })
      else waiting.push([data, binary])
    })
    server.on('message', (data: Buffer, binary) => client.send(data, { binary }))
    // An error shows in the way in which it closes.
    client.on('error', () => undefined)
    server.on('error', () => client.terminate())
    client.on('close', () => server.terminate())
    server.on('close', (code, reason) => {
      if (code >= 3000 || code === 1000 || code > 1010) client.close(code, reason)
      else client.terminate()
    })
  })
  await once(proxy, 'listening')
  onTestEnd(() => {
    for (const client of proxy.clients) client.terminate()
    proxy.close()
  })
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return { url: `ws://127.0.0.1:${address.port}`, asked }
}
