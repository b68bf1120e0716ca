/** Several measurements of one thing. */
export interface Spread {
  min: number
  median: number
  max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const at = partsOf(values)
  return { min: at(0), median: at(0.5), max: at(1) }
}

/** A function that returns the value below which that part of all values is: 0.99 of them, for example. */
export function partsOf(values: readonly number[]): (part: number) => number {
  const sorted = [...values].sort((a, b) => a - b)
  return (part) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN
}
