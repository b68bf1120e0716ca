/**
 * A key that is equal for equal queries. Values without an equivalent in JSON have keys of their own: the client refuses
 * such a query with an error that names the value.
 */
export function queryKey(...parts: readonly unknown[]): string {
  try {
    return JSON.stringify(parts, (_, value: unknown) => (hasJson(value) ? value : `\0${String(value)}`))
  } catch (error) {
    // A circular query.
    return `\0${String(error)}`
  }
}

function hasJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value !== 'bigint' && typeof value !== 'symbol' && typeof value !== 'function'
}
