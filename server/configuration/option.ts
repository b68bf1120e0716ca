import { z } from 'zod'

/** One setting: its name in the environment, what it may be, and what it is for. */
export interface Option<T = unknown> {
  env: string
  schema: z.ZodType<T>
  /** As it would be written in the environment; `undefined`: none. */
  fallback: string | undefined
  /** What is allowed, for a person. */
  allowed: string
  meaning: string
  secret?: true
  /** Its value as a person writes it, where that is more than the value as text. */
  print?: (value: unknown) => string
  /** A running server takes in another value when it is told to read again. */
  rereads?: true
}

/** Text that is not empty; with `allowed` empty, any. */
export function text(env: string, fallback: string, meaning: string, allowed = 'any text'): Option<string> {
  const schema = allowed === '' ? z.string() : z.string().min(1)
  return { env, schema, fallback, allowed: allowed || 'any text', meaning }
}

/** Text, or none. */
export function optional(env: string, meaning: string): Option<string | undefined> {
  return { env, schema: z.string().min(1).optional(), fallback: undefined, allowed: 'any text', meaning }
}

export function whole(
  env: string,
  fallback: number,
  meaning: string,
  least: number,
  most = 2 ** 31,
): Option<number> {
  const schema = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(least).max(most))
  return {
    env,
    schema,
    fallback: String(fallback),
    allowed: `a whole number from ${least} to ${most}`,
    meaning,
  }
}

export function oneOf<const V extends string>(
  env: string,
  values: readonly V[],
  fallback: V,
  meaning: string,
): Option<V> {
  return { env, schema: z.enum(values), fallback, allowed: values.join(', '), meaning }
}

export function flag(env: string, fallback: '0' | '1', meaning: string): Option<boolean> {
  const schema = z.enum(['0', '1']).transform((value) => value === '1')
  return { env, schema, fallback, allowed: '0 or 1', meaning }
}

export function list(env: string, fallback: string, meaning: string): Option<string[]> {
  const schema = z.string().transform(separated)
  return { env, schema, fallback, allowed: 'names separated by commas', meaning }
}

export function separated(value: string): string[] {
  return value
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
}

/** A running server takes in another value of it. */
export function rereads<T>(option: Option<T>): Option<T> & { rereads: true } {
  return { ...option, rereads: true }
}
