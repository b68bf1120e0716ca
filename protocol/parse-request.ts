import { z } from 'zod'
import { isFields } from '../model/json-value.ts'
import { StatusError } from '../model/status.ts'
import { type HelloRequest, type Request, type RequestId, SIGNAL_ID } from './messages.ts'

/** Maximum length of a method name. */
const MAX_METHOD_LENGTH = 64
/** Maximum length of an id that is a string. */
const MAX_ID_LENGTH = 128
/** Maximum values of a stream that may be sent before the client asks for more. */
export const MAX_STREAM_WINDOW = 1024

const requestSchema = z.object({
  id: z.union([z.number(), z.string().max(MAX_ID_LENGTH)]).optional(),
  method: z.string().max(MAX_METHOD_LENGTH),
  params: z.array(z.unknown()).optional(),
  key: z.string().min(1).max(MAX_ID_LENGTH).nullish(),
  again: z.object({ instance: z.string().max(MAX_ID_LENGTH), age: z.number().nonnegative() }).nullish(),
  stream: z.number().int().positive().max(MAX_STREAM_WINDOW).nullish(),
})

const helloSchema = z.object({
  binary: z.boolean().nullish(),
  compression: z.boolean().nullish(),
  broadcast: z.boolean().nullish(),
  protocol: z.number().nullish(),
  resume: z.object({ epoch: z.string().max(128), seq: z.number().int().nonnegative() }).nullish(),
})

/**
 * The request in a decoded frame.
 * @throws StatusError `platform:status:BadRequest` if it is invalid; `params.id` is its id, if it has one
 */
export function parseRequest(frame: unknown): Request | HelloRequest {
  if (isRequest(frame)) return { id: frame.id, method: frame.method, params: frame.params }
  const parsed = requestSchema.safeParse(frame)
  if (!parsed.success) throw badRequest(describe(parsed.error), idOf(frame))
  const { method, params = [], key, again, stream } = parsed.data
  const id = parsed.data.id ?? SIGNAL_ID
  if (method === 'hello') return parseHello(frame, id, params)
  return {
    id,
    method,
    params,
    ...(key == null ? {} : { key }),
    ...(again == null ? {} : { again }),
    ...(stream == null ? {} : { stream }),
  }
}

/** Validates most requests without the schema, which is slower and needed only for the error. */
function isRequest(frame: unknown): frame is Request {
  if (!isFields(frame)) return false
  const { id, method, params, key, again, stream } = frame
  if (key !== undefined || again !== undefined || stream !== undefined) return false
  const isId = Number.isFinite(id) || (typeof id === 'string' && id.length <= MAX_ID_LENGTH)
  const isMethod = typeof method === 'string' && method.length <= MAX_METHOD_LENGTH && method !== 'hello'
  return isId && isMethod && Array.isArray(params)
}

function parseHello(frame: unknown, id: RequestId, params: unknown[]): HelloRequest {
  const parsed = helloSchema.safeParse(frame)
  if (!parsed.success) throw badRequest(describe(parsed.error), id)
  const { binary, compression, broadcast, protocol, resume } = parsed.data
  return {
    id,
    method: 'hello',
    params,
    binary: binary ?? undefined,
    compression: compression ?? undefined,
    broadcast: broadcast ?? undefined,
    protocol: protocol ?? undefined,
    resume: resume ?? undefined,
  }
}

function badRequest(message: string, id: RequestId | undefined): StatusError {
  return new StatusError('platform:status:BadRequest', id === undefined ? { message } : { message, id })
}

export function idOf(frame: unknown): RequestId | undefined {
  if (typeof frame !== 'object' || frame === null || !('id' in frame)) return undefined
  return typeof frame.id === 'number' || typeof frame.id === 'string' ? frame.id : undefined
}

/** One line with the invalid fields. */
export function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'frame'}: ${issue.message}`).join('; ')
}

export function isHello(request: Request | HelloRequest): request is HelloRequest {
  return request.method === 'hello'
}
