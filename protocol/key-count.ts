import { MAX_FRAME_KEYS, tooManyKeys } from './frame-limits.ts'

/** The table has more places than there may be keys, so that few of them share one. */
const PLACES = 2 ** 21
/** Up to so many keys are counted without the table, each as different. */
const FEW = 1000

/** Counts different keys of a frame, about: keys whose hashes share a place count as one. */
export class KeyCount {
  #seen: Uint8Array | undefined
  #count = 0

  /** The key is in the data between two positions. @throws FrameFlaw if there are more than {@link MAX_FRAME_KEYS} */
  add(data: Uint8Array, from: number, to: number): void {
    if (this.#count < FEW) return this.addOther(1)
    // FNV-1a
    let hash = 0x811c9dc5
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (data[at] ?? 0), 0x01000193)
    this.#seen ??= new Uint8Array(PLACES / 8)
    const place = ((hash >>> 16) ^ hash) & (PLACES - 1)
    const [byte, bit] = [place >> 3, 1 << (place & 7)]
    const known = this.#seen[byte] ?? 0
    if ((known & bit) !== 0) return
    this.#seen[byte] = known | bit
    this.addOther(1)
  }

  /** Keys that are not compared. */
  addOther(keys: number): void {
    this.#count += keys
    if (this.#count > MAX_FRAME_KEYS) throw tooManyKeys()
  }
}
