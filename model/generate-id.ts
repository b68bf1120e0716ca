import { brand } from './brand.ts'
import { systemClock } from './clock.ts'
import type { Doc, Ref } from './documents.ts'

export interface IdGeneratorOptions {
  /** Milliseconds since the Unix epoch. */
  now: () => number
  /** Returns this number of random bytes. */
  random: (bytes: number) => Uint8Array
}

const COUNTER_LIMIT = 0x1000000

/** Returns a new id. */
export type GenerateId = <T extends Doc = Doc>() => Ref<T>

/** Generates ids of 24 hex digits: 4 bytes of seconds, 5 random bytes of this generator, 3 bytes of a counter. */
export function createIdGenerator({ now, random }: IdGeneratorOptions): GenerateId {
  const generator = hex(random(5))
  let counter = Number.parseInt(hex(random(3)), 16)
  return <T extends Doc = Doc>() => {
    counter = (counter + 1) % COUNTER_LIMIT
    const seconds = Math.floor(now() / 1000) >>> 0
    return brand<T>(`${digits(seconds, 8)}${generator}${digits(counter, 6)}`)
  }
}

/** Returns an id that is unique across calls and machines. */
export const generateId = createIdGenerator({
  now: systemClock.now,
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
})

function digits(value: number, length: number): string {
  return value.toString(16).padStart(length, '0')
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => digits(byte, 2)).join('')
}
