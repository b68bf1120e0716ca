import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { StatusError } from '../../model/status.ts'
import { statusCatalogue } from '../../protocol/status-catalogue.ts'
import { bearerToken } from '../auth/tokens.ts'
import { httpAddress } from './http-address.ts'

export interface MetricsOptions {
  /** Metrics as Prometheus text. */
  metrics: () => Promise<string>
  /** The bearer token that is asked for, as it is now; `undefined`: none. */
  metricsToken: () => string | undefined
}

/** Milliseconds in which a scraper sends its request. */
const REQUEST_TIMEOUT = 10_000

export function metricsRoute({ metrics, metricsToken }: MetricsOptions): Hono {
  const app = new Hono()
  app.get('/metrics', async (context) => {
    const expected = metricsToken()
    const given = bearerToken(context.req.header('authorization')) ?? ''
    if (expected === undefined || isEqual(given, expected)) return context.text(await metrics())
    const { status } = new StatusError('platform:status:Unauthorized')
    return context.json({ error: status }, statusCatalogue[status.code].http as 401)
  })
  return app
}

/** `ATRIUM_METRICS_HOST` or `ATRIUM_METRICS_PORT` cannot be listened on; `cause` is the error of the system. */
export class MetricsListenError extends Error {}

/** Serves the metrics alone, on a port of their own. */
export class MetricsServer {
  readonly #server: Server
  readonly #host: string

  constructor(options: MetricsOptions & { host: string }) {
    this.#host = options.host
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT })
    const listener = getRequestListener(metricsRoute(options).fetch)
    this.#server.on('request', (request, response) => void listener(request, response))
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${httpAddress(this.#host, port)}/metrics`
  }

  /** @throws MetricsListenError */
  async listen(port: number): Promise<void> {
    this.#server.listen(port, this.#host)
    try {
      await once(this.#server, 'listening')
    } catch (cause) {
      throw new MetricsListenError('the metrics have no port', { cause })
    }
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
