/** Up to this length, assuming the widest characters is faster than measuring. */
const shortest = 256
const bytesPerUnit = 3
/** Size of a number, or of the overhead for type, length and end. */
const others = 8

/** Estimated size of a value in storage, in bytes, rarely too small. Only long strings are measured. */
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
