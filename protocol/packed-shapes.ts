import { FrameFlaw } from './frame-limits.ts'
import type { PackedReader } from './packed-reader.ts'

/**
 * Maximum number of record shapes that are read so often that msgpackr compiles a function for each, which takes some
 * 40 µs.
 */
export const MAX_COMPILED_SHAPES = 1000
/** msgpackr reads a shape this often before it compiles it. */
const READ_SLOWLY = 3

/** The keys that records of a packed frame share. */
export interface Shape {
  keys: number
  /** Bytes of all keys. */
  size: number
  /** The index of the key `id`; -1 if there is none. */
  id: number
  firstByte: number
  /** If 0, a second byte follows each use. */
  highByte: number | undefined
  reads: number
}

/** A key of a shape. */
export interface Key {
  /** In bytes. */
  size: number
  isId: boolean
}

/** The record shapes that a frame defined so far, by the rules of msgpackr: `recordDefinition` in its `unpack.js`. */
export class PackedShapes {
  readonly #byId = new Map<number, Shape>()
  readonly #reader: PackedReader
  #compiled = 0

  constructor(reader: PackedReader) {
    this.#reader = reader
  }

  /**
   * Reads a definition after its type. A record of this shape follows it. `readKey` reads a key: its bytes, and whether
   * it is `id`.
   */
  define(hasHighByte: boolean, readKey: () => Key): Shape {
    const firstByte = this.#reader.unsigned(1) & 0x3f
    const highByte = hasHighByte ? this.#reader.unsigned(1) : undefined
    const shape = { ...this.#readKeys(readKey), firstByte, highByte, reads: 0 }
    this.#byId.set(highByte === undefined ? firstByte : idOf(firstByte, highByte), shape)
    return shape
  }

  /** The shape that a token stands for, with the second byte that may follow; `undefined` if it is a number. */
  shapeOf(token: number): Shape | undefined {
    let shape = this.#byId.get(token & 0x3f)
    while (shape?.highByte === 0) {
      const second = this.#reader.unsigned(1)
      if (second === 0) return shape
      const { firstByte } = shape
      shape = this.#byId.get(idOf(firstByte, second))
      if (shape === undefined) throw new FrameFlaw('the frame is not msgpack')
    }
    return shape
  }

  /** Notes that a record of the shape is read. */
  count(shape: Shape): void {
    shape.reads += 1
    if (shape.reads !== READ_SLOWLY + 1) return
    this.#compiled += 1
    if (this.#compiled > MAX_COMPILED_SHAPES)
      throw new FrameFlaw('the frame has too many shapes of records', MAX_COMPILED_SHAPES)
  }

  #readKeys(readKey: () => Key): Pick<Shape, 'keys' | 'size' | 'id'> {
    const keys = this.#reader.arrayLength(this.#reader.unsigned(1))
    if (keys === undefined) throw new FrameFlaw('the frame is not msgpack')
    let [size, id] = [0, -1]
    for (let index = 0; index < keys; index++) {
      const key = readKey()
      size += key.size
      if (key.isId) id = index
    }
    return { keys, size, id }
  }
}

function idOf(firstByte: number, highByte: number): number {
  const id = (highByte << 5) + firstByte
  return firstByte < 32 ? -id : id
}
