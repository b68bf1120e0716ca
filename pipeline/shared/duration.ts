const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const written = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Milliseconds, or `500ms`, `30s`, `5m`, `2h`, `7d`. */
export type Duration = number | `${number}${keyof typeof UNITS}`

/** @throws TypeError if it is no duration */
export function milliseconds(duration: Duration): number {
  if (typeof duration === 'number' && duration >= 0) return duration
  const [, number = '', unit] = written.exec(String(duration)) ?? []
  if (unit === undefined) throw new TypeError(`${duration} is no duration such as 500ms, 30s, 5m, 2h or 7d`)
  return Number(number) * UNITS[unit as keyof typeof UNITS]
}
