import { z } from 'zod'
import type { Option } from './option.ts'

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
type Unit = keyof typeof MILLISECONDS
const units = Object.keys(MILLISECONDS) as Unit[]
const written = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/

interface DurationBounds {
  /** The unit of the parsed value, and of a plain number, as in older configurations. */
  unit: 's' | 'ms'
  least: string
  most?: string
}

/** An option that is a duration: `500ms`, `30s`, `5m`, `2h` or `7d`. */
export function duration(
  env: string,
  fallback: string,
  meaning: string,
  bounds: DurationBounds,
): Option<number> {
  const { unit, least, most = '10000d' } = bounds
  const schema = z
    .string()
    .regex(written)
    .transform((value) => parse(value, unit))
    .pipe(z.number().min(parse(least, unit)).max(parse(most, unit)))
  const upTo = bounds.most === undefined ? `at least ${least}` : `from ${least} to ${most}`
  const allowed = `a duration such as 500ms, 30s, 5m, 2h or 7d, ${upTo}; a plain number is in ${unit}`
  return { env, schema, fallback, allowed, meaning, print: (value) => print(value as number, unit) }
}

function parse(value: string, unit: Unit): number {
  const [, number = '', own = unit] = written.exec(value) ?? []
  return (Number(number) * MILLISECONDS[own as Unit]) / MILLISECONDS[unit]
}

/** Prints in the largest unit in which the value is a whole number. */
function print(value: number, unit: Unit): string {
  const milliseconds = value * MILLISECONDS[unit]
  if (milliseconds === 0) return `0${unit}`
  const largest = units.findLast((each) => Number.isInteger(milliseconds / MILLISECONDS[each])) ?? unit
  return `${milliseconds / MILLISECONDS[largest]}${largest}`
}
