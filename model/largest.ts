/** The largest of any number of numbers; `-Infinity` for none. `Math.max(...)` would put each on the stack. */
export function largest(numbers: Iterable<number>): number {
  let found = -Infinity
  for (const number of numbers) found = Math.max(found, number)
  return found
}
