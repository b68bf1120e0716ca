import { z } from 'zod'

/** One option: its variable, its allowed values, and its meaning. */
export interface Option<T = unknown> {
  env: string
  schema: z.ZodType<T>
  /** The default, as in the environment; `undefined`: none. */
  fallback: string | undefined
  /** The default in words, where it follows from other options. */
  derived?: string
  /** The allowed values, in words. */
  allowed: string
  meaning: string
  secret?: true
  /** Prints a value, where that is more than its text. */
  print?: (value: unknown) => string
  /** A running server applies another value on SIGHUP. */
  rereads?: true
}

/** Text that is not empty; any text with an empty `allowed`. */
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

/** A whole number, whose default follows from other options. */
export function derivedWhole(
  env: string,
  derived: string,
  meaning: string,
  least: number,
  most?: number,
): Option<number | undefined> {
  const { schema, allowed } = whole(env, least, meaning, least, most)
  return { env, schema: schema.optional(), fallback: undefined, derived, allowed, meaning }
}

export function oneOf<const V extends string>(
  env: string,
  values: readonly V[],
  fallback: V,
  meaning: string,
): Option<V> {
  return { env, schema: z.enum(values), fallback, allowed: values.join(', '), meaning }
}

/** One of several values; the default follows from something else. */
export function oneOfOrDerived<const V extends string>(
  env: string,
  values: readonly V[],
  derived: string,
  meaning: string,
): Option<V | undefined> {
  const schema = z.enum(values).optional()
  return { env, schema, fallback: undefined, derived, allowed: values.join(', '), meaning }
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

/** Marks an option whose other value a running server applies on SIGHUP. */
export function rereads<T>(option: Option<T>): Option<T> & { rereads: true } {
  return { ...option, rereads: true }
}
