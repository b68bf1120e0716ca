/** The largest of the numbers, however many they are; `-Infinity` of none. (`Math.max(...)` puts each on the stack.) */
export function largest(numbers: Iterable<number>): number {
  let found = -Infinity
  for (const number of numbers) found = Math.max(found, number)
  return found
}
