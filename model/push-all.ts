/** Adds the items at the end of an array, however many they are. (`push(...items)` puts each of them on the stack.) */
export function pushAll<T>(array: T[], items: Iterable<T>): void {
  for (const item of items) array.push(item)
}
