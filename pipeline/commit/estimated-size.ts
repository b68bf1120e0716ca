/** Up to here it is faster to take a string to be of the widest characters than to look at it. */
const shortest = 256
const bytesPerUnit = 3
/** Of a number, of what tells a type, a length and an end. */
const others = 8

/** Bytes that a value takes in storage, seldom less than it does. The characters of long strings are counted. */
export function estimatedSize(value: unknown): number {
  if (typeof value === 'string') {
    return others + (value.length > shortest ? Buffer.byteLength(value) : value.length * bytesPerUnit)
  }
  if (typeof value !== 'object' || value === null) return others
  let size = others
  if (Array.isArray(value)) for (const item of value) size += others + estimatedSize(item)
  else for (const [name, item] of Object.entries(value)) size += name.length + estimatedSize(item)
  return size
}
