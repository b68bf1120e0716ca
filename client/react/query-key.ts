/** Equal for equal queries. What JSON would tell otherwise, or not at all, tells itself: the client refuses it by its name. */
export function queryKey(...parts: readonly unknown[]): string {
  try {
    return JSON.stringify(parts, (_, value: unknown) => (isTold(value) ? value : `\0${String(value)}`))
  } catch (error) {
    // It has itself in it.
    return `\0${String(error)}`
  }
}

function isTold(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value !== 'bigint' && typeof value !== 'symbol' && typeof value !== 'function'
}
