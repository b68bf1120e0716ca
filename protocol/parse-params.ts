import type { z } from 'zod'
import { StatusError } from '../model/status.ts'
import { describe } from './parse-request.ts'

/** @throws StatusError `platform:status:BadRequest` that names the invalid params */
export function parseParams<T>(schema: z.ZodType<T>, params: unknown[]): T {
  const parsed = schema.safeParse(params)
  if (parsed.success) return parsed.data
  throw new StatusError('platform:status:BadRequest', { message: `params: ${describe(parsed.error)}` })
}

/** Adds omitted params at the end. */
export function padParams(params: unknown[], length: number): unknown[] {
  return params.length >= length ? params : [...params, ...Array<undefined>(length - params.length)]
}
