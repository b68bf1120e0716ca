import { type Context, Hono, type HonoRequest } from 'hono'
import type { z } from 'zod'
import { StatusError } from '../../model/status.ts'
import { CallEnding } from '../../pipeline/methods/call-ending.ts'
import type { MethodCallRequest } from '../../pipeline/methods/method-calls.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import type { MethodCall } from '../../pipeline/modules/method-call.ts'
import { type ModuleRoute, RouteAnswer, type RouteRequest } from '../../pipeline/modules/route.ts'
import { type ModuleOrigin, runInModule } from '../../pipeline/modules/run-in-module.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import { statusCatalogue } from '../../protocol/status-catalogue.ts'
import { describe } from '../../protocol/parse-request.ts'
import { bearerToken, type Token } from '../auth/tokens.ts'
import { mapError } from '../errors/map-error.ts'
import type { Entry } from '../workspaces/admission.ts'
import type { Visits } from './visits.ts'

export interface ModuleRoutesOptions {
  modules: readonly Pick<AtriumModule, 'name' | 'routes'>[]
  visits: Visits
  logger: Logger
  answered: (route: string, seconds: number) => void
  /** Milliseconds of a monotonic clock. */
  now: () => number
}

/** Maximum characters of an `Idempotency-Key`. */
const MAX_KEY = 128

/** The plain response of a route, which can be stored as the outcome of a call. */
interface PlainAnswer {
  status: number
  body: unknown
  headers: Record<string, string>
}

/** The routes of modules, under `/{workspace}/x/{module}`. */
export function moduleRoutes(options: ModuleRoutesOptions): Hono {
  const app = new Hono()
  for (const { name: module, routes = [] } of options.modules) {
    for (const route of routes) {
      const name = `${module} ${route.method} ${route.path}`
      const handle = (context: Context) => respond(context, { module, name, route, options })
      app.on(route.method, `/:workspace/x/${module}${route.path}`, handle)
    }
  }
  return app
}

interface Named {
  module: string
  name: string
  route: ModuleRoute
  options: ModuleRoutesOptions
}

async function respond(context: Context, named: Named): Promise<Response> {
  const { module, name, route, options } = named
  const { req } = context
  const workspace = req.param('workspace') ?? ''
  const started = options.now()
  let caller: string | undefined
  try {
    const token = tokenOf(route, workspace, req, options.visits)
    caller = token.email
    const text = await req.text()
    const origin: ModuleOrigin = { module, kind: 'schema', name, workspace }
    const request = runInModule(origin, () => requestOf(route, req, text))
    const answer = await options.visits.run(token, async (entry) => await call(entry, named, req, request))
    return responseOf(context, answer)
  } catch (error) {
    const fields = { method: name, workspace, caller }
    const status = mapError(error, options.logger, fields)
    // A module may have codes of its own.
    const entry = (statusCatalogue as Partial<Record<string, { http: number }>>)[status.code]
    return context.json({ error: status }, (entry?.http ?? 400) as 400)
  } finally {
    options.answered(name, (options.now() - started) / 1000)
  }
}

/** @throws StatusError Unauthorized; Forbidden for a token of another workspace; WorkspaceNotFound */
function tokenOf(
  { public: isPublic }: ModuleRoute,
  workspace: string,
  req: HonoRequest,
  visits: Visits,
): Token {
  if (isPublic === true) return visits.systemToken(workspace)
  const token = visits.verify(bearerToken(req.header('authorization')) ?? req.query('token') ?? '')
  if (token.workspace === workspace) return token
  throw new StatusError('platform:status:Forbidden', { message: 'the token is for another workspace' })
}

/** @throws StatusError BadRequest */
function requestOf(route: ModuleRoute, req: HonoRequest, text: string): RouteRequest {
  const { workspace: _workspace, ...params } = req.param() as Record<string, string>
  const { token: _token, ...query } = req.query()
  return {
    params,
    query: route.query === undefined ? query : parsed(route.query, 'query', query),
    body: route.body === undefined ? undefined : parsed(route.body, 'body', jsonOf(text)),
    text,
    headers: req.header(),
    answer: (status, body = null, headers = {}) => new RouteAnswer(status, body, headers),
  }
}

function parsed(schema: z.ZodType, what: string, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new StatusError('platform:status:BadRequest', { message: `${what}: ${describe(result.error)}` })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new StatusError('platform:status:BadRequest', { message: 'body: it is not JSON' })
  }
}

async function call(
  { pipeline, caller }: Entry,
  { name, route }: Named,
  req: HonoRequest,
  request: RouteRequest,
): Promise<PlainAnswer> {
  const ending = new CallEnding()
  const gone = () => ending.end('gone')
  req.raw.signal.addEventListener('abort', gone)
  // The request comes from the schemas of this route.
  const run = async (method: MethodCall) =>
    plain(name, await route.run(method, request as RouteRequest<never, never>))
  const method: MethodCallRequest['method'] = {
    params: undefined as never,
    run,
    idempotent: route.method === 'GET',
    ...(route.timeout === undefined ? {} : { timeout: route.timeout }),
  }
  const { params, query, text } = request
  const rawParams = [params, query, text]
  try {
    const call = { name, method, caller, params: [], rawParams, key: keyOf(route, req), ending }
    // `plain` returns it.
    return (await pipeline.methods.call(call)) as PlainAnswer
  } finally {
    req.raw.signal.removeEventListener('abort', gone)
  }
}

/** All callers of a public route are the system: the keys of one would be known to the others. */
function keyOf(route: ModuleRoute, req: HonoRequest): string | undefined {
  const key = req.header('idempotency-key')
  if (key === undefined || route.public === true) return undefined
  if (key.length > 0 && key.length <= MAX_KEY) return key
  throw new StatusError('platform:status:BadRequest', {
    message: `Idempotency-Key: 1 to ${MAX_KEY} characters`,
  })
}

/** Headers of the connection and of the length, which a route may not set. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function plain(method: string, made: unknown): PlainAnswer {
  if (!(made instanceof RouteAnswer)) return { status: 200, body: made ?? null, headers: {} }
  const { status, body, headers } = made
  const refused = Object.keys(headers).find((name) => ofConnection.has(name.toLowerCase()))
  if (refused !== undefined)
    throw new StatusError('platform:status:InvalidResult', {
      method,
      field: `headers.${refused}`,
      message: 'the server sets it',
    })
  if (Number.isInteger(status) && status >= 200 && status <= 599)
    return { status, body, headers: { ...headers } }
  throw new StatusError('platform:status:InvalidResult', {
    method,
    field: 'status',
    message: 'no HTTP status',
  })
}

function responseOf(context: Context, { status, body, headers }: PlainAnswer): Response {
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
  if (typeof body === 'string' && hasType) return context.body(body, status as 200, headers)
  if (body === null || status === 204 || status === 304) return context.body(null, status as 204, headers)
  return context.json(body, status as 200, headers)
}
