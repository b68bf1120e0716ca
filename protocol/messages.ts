import { z } from 'zod'
import { StatusError, type Status } from '../model/status.ts'

/** The `id` of the hello exchange, of refusals and of signals that answer no request. */
export const SIGNAL_ID = -1

export type RequestId = number | string

/** A client's request; `hello` is one with `method: 'hello'`. */
export interface Request {
  id: RequestId
  method: string
  params: unknown[]
}

export interface HelloRequest extends Request {
  method: 'hello'
  /** Answers are packed with msgpackr. */
  binary?: boolean | undefined
  /** Accepted; frames may stay uncompressed. */
  compression?: boolean | undefined
  /** `false`: no transactions are pushed to this session. */
  broadcast?: boolean | undefined
  /** 2: the client understands the fields and frames of section 9. */
  protocol?: number | undefined
}

export interface HelloResponse {
  id: typeof SIGNAL_ID
  result: 'hello'
  binary: boolean
  reconnect: boolean
  alreadyConnected?: true
  serverVersion?: string
  error?: Status
}

export interface Chunk {
  /** From 1. */
  index: number
  final: boolean
}

export interface Response {
  id?: RequestId
  result?: unknown
  error?: Status
  chunk?: Chunk
  /** With a refusal: the client need not try again. */
  terminate?: boolean
}

/** Longest method name worth looking up. */
const MAX_METHOD_LENGTH = 64

const requestSchema = z.object({
  id: z.union([z.number(), z.string().max(128)]).optional(),
  method: z.string().max(MAX_METHOD_LENGTH),
  params: z.array(z.unknown()).optional(),
})

const helloSchema = z.object({
  binary: z.boolean().nullish(),
  compression: z.boolean().nullish(),
  broadcast: z.boolean().nullish(),
  protocol: z.number().nullish(),
})

/**
 * The request in a decoded frame.
 * @throws StatusError `platform:status:BadRequest` when it isn't one; `params.id` tells the id where it had one
 */
export function parseRequest(frame: unknown): Request | HelloRequest {
  const parsed = requestSchema.safeParse(frame)
  if (!parsed.success) throw badRequest(describe(parsed.error), idOf(frame))
  const { method, params = [] } = parsed.data
  const id = parsed.data.id ?? SIGNAL_ID
  return method === 'hello' ? parseHello(frame, id, params) : { id, method, params }
}

function parseHello(frame: unknown, id: RequestId, params: unknown[]): HelloRequest {
  const parsed = helloSchema.safeParse(frame)
  if (!parsed.success) throw badRequest(describe(parsed.error), id)
  const { binary, compression, broadcast, protocol } = parsed.data
  return {
    id,
    method: 'hello',
    params,
    binary: binary ?? undefined,
    compression: compression ?? undefined,
    broadcast: broadcast ?? undefined,
    protocol: protocol ?? undefined,
  }
}

function badRequest(message: string, id: RequestId | undefined): StatusError {
  return new StatusError('platform:status:BadRequest', id === undefined ? { message } : { message, id })
}

function idOf(frame: unknown): RequestId | undefined {
  if (typeof frame !== 'object' || frame === null || !('id' in frame)) return undefined
  return typeof frame.id === 'number' || typeof frame.id === 'string' ? frame.id : undefined
}

/** One line that names each wrong field. */
export function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'frame'}: ${issue.message}`).join('; ')
}
