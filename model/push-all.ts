/** Appends any number of items to an array. `push(...items)` would put each on the stack. */
export function pushAll<T>(array: T[], items: Iterable<T>): void {
  for (const item of items) array.push(item)
}
