import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { z } from 'zod'
import { StatusError } from '../../model/status.ts'
import { statusCatalogue } from '../../protocol/status-catalogue.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { AccountsService } from '../accounts/builtin/accounts-service.ts'
import { mapError } from '../errors/map-error.ts'
import { bearerToken, type Token, type Tokens } from '../auth/tokens.ts'
import type { AllowedOrigins } from '../transport/allowed-origins.ts'
import { limitAddress, type LimitAddressOptions } from './limit-address.ts'
import { limitBody } from './limit-body.ts'
import { metricsRoute, type MetricsOptions } from './metrics-route.ts'
import { moduleRoutes, type ModuleRoutesOptions } from './module-routes.ts'
import { sameOrigins } from './same-origins.ts'
import { adminRoutes, type Administration } from './admin-routes.ts'

export type Readiness = 'ok' | 'draining' | 'overloaded'

export interface HttpOptions extends LimitAddressOptions {
  tokens: Tokens
  logger: Logger
  serverVersion: string
  /** The version of the model that a workspace needs to admit people. */
  modelVersion: string
  /** On this port; `undefined` when they have a port of their own. */
  metrics: MetricsOptions | undefined
  /** Which web pages may call. */
  origins: Pick<AllowedOrigins, 'allows'>
  isSecure: boolean
  /** Whether the server admits new sessions, or why it does not. */
  readiness: () => Readiness
  administration: Administration
  /** The built-in accounts service, where there is one. */
  accounts?: Pick<AccountsService, 'call' | 'checkCurrent'> | undefined
  /** Maximum bytes of the body of a request to a route of a module. */
  routeBody: number
  routes: ModuleRoutesOptions
}

const rpcSchema = z.object({ method: z.string().max(64), params: z.array(z.unknown()).default([]) })

/** The HTTP routes of the server. */
export function httpApp(options: HttpOptions): Hono {
  const app = new Hono()
  app.use(secureHeaders(headersOf(options)))
  app.use(sameOrigins(options.origins))
  app.use(limitAddress(options))
  app.use(limitBody(options.routeBody))
  app.onError((error, context) => {
    const status = mapError(error, options.logger)
    return context.json({ error: status }, statusCatalogue[status.code].http as 500)
  })
  app.notFound((context) => {
    const { status } = new StatusError('platform:status:UnknownMethod', { method: context.req.path })
    return context.json({ error: status }, 404)
  })
  app.get('/', (context) =>
    context.json({
      name: 'atrium',
      what: 'a workspace collaboration server: clients connect over a WebSocket',
      version: options.serverVersion,
      health: '/health',
      metrics: options.metrics === undefined ? null : '/metrics',
      api: '/api/v1/version',
      accounts: options.accounts === undefined ? null : '/accounts',
      protocol: 'protocol/PROTOCOL.md',
    }),
  )
  app.get('/health', (context) => {
    const readiness = options.readiness()
    return context.json({ status: readiness, live: true, ready: readiness === 'ok' }, httpStatus(readiness))
  })
  // A process that responds is alive: restarting one that drains or is short of memory would only lose sessions.
  app.get('/health/live', (context) => context.json({ live: true }))
  app.get('/health/ready', (context) => {
    const readiness = options.readiness()
    return context.json({ ready: readiness === 'ok', status: readiness }, httpStatus(readiness))
  })
  if (options.metrics !== undefined) app.route('/', metricsRoute(options.metrics))
  app.get('/api/v1/version', (context) =>
    context.json({ version: options.serverVersion, modelVersion: options.modelVersion }),
  )
  app.route(
    '/api/v1',
    adminRoutes(options.administration, (request) => tokenOf(options, request)),
  )
  app.route('/api/v1', moduleRoutes(options.routes))
  if (options.accounts !== undefined) app.route('/accounts', accountsRoute(options.accounts, options))
  return app
}

function httpStatus(readiness: Readiness): 200 | 503 {
  return readiness === 'ok' ? 200 : 503
}

/** Responses are data, so no page shows or embeds them. HSTS is for the server that has the certificate. */
function headersOf({ isSecure }: HttpOptions): Parameters<typeof secureHeaders>[0] {
  return {
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    strictTransportSecurity: isSecure ? 'max-age=15552000' : false,
    xFrameOptions: 'DENY',
  }
}

/** The JSON-RPC of an accounts service: a failure is a response `{error: status}`. */
function accountsRoute(
  accounts: NonNullable<HttpOptions['accounts']>,
  { addressOf, logger }: HttpOptions,
): Hono<{ Bindings: Partial<HttpBindings> }> {
  const app = new Hono<{ Bindings: Partial<HttpBindings> }>()
  app.post('/', async (context) => {
    const body = rpcSchema.safeParse(await context.req.json().catch(() => undefined))
    if (!body.success) {
      const { status } = new StatusError('platform:status:BadRequest', {
        message: 'a method and params are expected',
      })
      return context.json({ error: status }, 400)
    }
    try {
      const token = bearerToken(context.req.header('authorization'))
      // The server's own calls have no connection.
      const { incoming } = context.env ?? {}
      const from = incoming === undefined ? '' : addressOf(incoming)
      const { method, params } = body.data
      return context.json({ result: await accounts.call(token, method, params, from) })
    } catch (error) {
      return context.json({ error: mapError(error, logger) })
    }
  })
  return app
}

/** @throws StatusError `platform:status:Unauthorized` for an invalid or revoked token */
async function tokenOf(
  { tokens, accounts }: HttpOptions,
  request: { header: (name: string) => string | undefined; query: (name: string) => string | undefined },
): Promise<Token> {
  const token = tokens.verify(bearerToken(request.header('authorization')) ?? request.query('token') ?? '')
  await accounts?.checkCurrent(token)
  return token
}
