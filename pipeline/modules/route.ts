import type { z } from 'zod'
import type { MethodCall } from './method-call.ts'

/** An HTTP request to a route of a module. */
export interface RouteRequest<Q = unknown, B = unknown> {
  /** The parts of the path that the route names by `:name`. */
  readonly params: Readonly<Record<string, string>>
  /** As the schema of the route returns it. Without a schema: the parameters of the URL, as text. */
  readonly query: Q
  /** As the schema of the route returns it. Without a schema: `undefined`. */
  readonly body: B
  /** The body as it was sent, for signatures. */
  readonly text: string
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** A response other than 200 with JSON. A text with a `content-type` is sent as it is. */
  readonly answer: (status: number, body?: unknown, headers?: Readonly<Record<string, string>>) => RouteAnswer
}

/** A response of a route. */
export class RouteAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>>) {
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** A route under `/api/v1/{workspace}/x/{module}`. */
export interface ModuleRoute<Q = never, B = never> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Such as `/orders/:id`. */
  path: string
  /**
   * `true`: no token is needed, and the route runs as the system. It checks by itself who calls, by a signature for
   * example. Otherwise the token is one for the workspace, and the route runs as its account.
   */
  public?: boolean
  /** Schemas of the URL's parameters and of the JSON body. What they refuse results in BadRequest. */
  query?: z.ZodType<Q>
  body?: z.ZodType<B>
  /** As that of a method. */
  timeout?: number
  /** Returns the JSON value of the response, or an answer. */
  run: (call: MethodCall, request: RouteRequest<Q, B>) => unknown
}

/**
 * A route whose `run` knows the types of its query and body.
 * @example
 * const paid = moduleRoute({
 *   method: 'POST',
 *   path: '/paid/:order',
 *   public: true,
 *   body: z.object({ amount: z.number() }),
 *   run: async ({ commit, factory }, { params, body, text, headers, answer }) => {
 *     if (!isSigned(text, headers['x-signature'])) return answer(401)
 *     await commit([factory.update(orderOf(params['order']), { paid: body.amount })])
 *     return { ok: true }
 *   },
 * })
 */
export function moduleRoute<Q, B>(route: ModuleRoute<Q, B>): ModuleRoute {
  // The server calls `run` only with the outputs of the schemas.
  const erased: unknown = route
  return erased as ModuleRoute
}
