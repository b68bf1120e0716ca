import {
  FrameFlaw,
  MAX_FRAME_DEPTH,
  MAX_FRAME_SIZE,
  MAX_FRAME_VALUES,
  tooDeep,
  tooMany,
} from './frame-limits.ts'
import { KeyCount } from './key-count.ts'
import type { RequestId } from './messages.ts'
import { extension } from './packed-extensions.ts'
import { PackedReader } from './packed-reader.ts'
import { type Key, PackedShapes, type Shape } from './packed-shapes.ts'

/** Maximum bytes of a bigint. No document contains one, and a long one takes more than linear time to decode. */
const MAX_BIGINT_SIZE = 256
/** Levels of an object within itself that are visited before it is refused. */
const VISITED_LEVELS = 80

/** What is in a part of a frame, with its shared references written out. */
interface Extent {
  values: number
  containers: number
  size: number
  /** Levels of the part itself. */
  height: number
}

/**
 * Walks the bytes of a packed frame as msgpackr will, and builds nothing. Shared references count as often as they are
 * referred to, because whatever visits the value later will visit them as often.
 */
export class PackedScan {
  /** Whether an object within itself occurs. */
  isCyclic = false
  readonly #reader: PackedReader
  readonly #shapes: PackedShapes
  readonly #keys = new KeyCount()
  /** By the id that pointers name; `open` while the object itself is being read. */
  readonly #targets = new Map<number, Extent | 'open'>()
  #found: Extent = { values: 0, containers: 0, size: 0, height: 0 }
  #idAt: number | undefined
  #hasBundle = false
  #bundleEnd = 0
  #bundled = 0

  constructor(data: Uint8Array) {
    this.#reader = new PackedReader(data)
    this.#shapes = new PackedShapes(this.#reader)
  }

  /** @throws FrameFlaw if the frame exceeds a limit, or is not one value that msgpackr can read */
  run(): void {
    this.#value(0)
    const end = this.#hasBundle ? this.#bundleEnd : this.#reader.position
    if (end !== this.#reader.length) throw malformed()
    if (this.isCyclic && this.#found.values * VISITED_LEVELS > MAX_FRAME_VALUES) throw tooMany()
  }

  /** The id of the request, if it was reached before the scan ended and is in one piece. */
  id(): RequestId | undefined {
    if (this.#idAt === undefined) return undefined
    try {
      this.#reader.position = this.#idAt
      const token = this.#reader.peek()
      if (token < 0x80 || token >= 0xcc) return token === 0xcb ? this.#float() : this.#reader.integer()
      const length = this.#reader.stringLength(this.#reader.unsigned(1))
      return length === undefined || length > 128 ? undefined : this.#reader.text(length)
    } catch {
      return undefined
    }
  }

  #float(): number {
    this.#reader.skip(1)
    return this.#reader.float()
  }

  #value(depth: number): void {
    if (depth > MAX_FRAME_DEPTH) throw tooDeep()
    this.#add({ values: 1, containers: 0, size: 1, height: depth })
    const reader = this.#reader
    const token = reader.unsigned(1)
    if (token < 0x40 || token >= 0xe0) return
    if (token < 0x80) {
      const shape = this.#shapes.shapeOf(token)
      if (shape !== undefined) this.#record(shape, depth)
      return
    }
    const fixed = reader.numberSize(token)
    if (fixed !== undefined) return void reader.skip(fixed)
    const items = reader.arrayLength(token) ?? reader.mapLength(token)
    if (items !== undefined) return this.#items(items, depth)
    const bytes = reader.stringLength(token) ?? reader.binaryLength(token)
    if (bytes !== undefined) return this.#addSize(reader.skip(bytes))
    if (token === 0xc1) return this.#addSize(this.#hasBundle ? this.#bundledLength() : 0)
    const length = reader.extensionLength(token)
    if (length !== undefined) this.#extension(length, depth)
  }

  #items(count: number, depth: number): void {
    // Each takes at least a byte: a header cannot claim more than the frame has.
    if (count > this.#reader.length - this.#reader.position) throw malformed()
    this.#found.containers += 1
    for (let at = 0; at < count; at++) this.#value(depth + 1)
  }

  #record(shape: Shape, depth: number): void {
    this.#shapes.count(shape)
    this.#found.containers += 1
    this.#addSize(shape.size)
    for (let at = 0; at < shape.keys; at++) {
      if (depth === 0 && at === shape.id) this.#idAt = this.#reader.position
      this.#value(depth + 1)
    }
  }

  #define(hasHighByte: boolean): Shape {
    return this.#shapes.define(hasHighByte, () => this.#key())
  }

  /** A key of a shape: a string, or part of the bundle, which may begin here. */
  #key(): Key {
    const token = this.#reader.unsigned(1)
    const length = this.#reader.stringLength(token)
    if (length === 2) return { size: 2, isId: this.#reader.text(2) === 'id' }
    if (length !== undefined) {
      this.#reader.count(length, this.#keys)
      return { size: length, isId: false }
    }
    if (token === 0xc1 && this.#hasBundle) {
      this.#keys.addOther(1)
      return { size: this.#bundledLength(), isId: false }
    }
    const extended = this.#reader.extensionLength(token)
    if (extended === undefined || this.#reader.unsigned(1) !== extension.bundle) throw malformed()
    const start = this.#reader.position
    this.#addSize(this.#reader.skip(extended))
    this.#openBundle(start, extended)
    return this.#key()
  }

  /** The length of a string in the bundle. The frame has at least as many bytes. */
  #bundledLength(): number {
    const length = this.#reader.integer()
    if (length === undefined) throw malformed()
    return Math.min(Math.abs(length), this.#reader.length)
  }

  #extension(length: number, depth: number): void {
    const type = this.#reader.unsigned(1)
    if (type === extension.record && length <= 2) return this.#record(this.#define(length === 2), depth)
    const start = this.#reader.position
    this.#addSize(this.#reader.skip(length))
    switch (type) {
      case extension.undefined:
      case extension.typedArray:
      case extension.date:
        return
      case extension.bigint:
        if (length > MAX_BIGINT_SIZE)
          throw new FrameFlaw('the frame has a bigint that is too long', MAX_BIGINT_SIZE)
        return
      case extension.set:
        return this.#value(depth + 1)
      case extension.error:
      case extension.regExp:
        return this.#texts(depth)
      case extension.target:
        return this.#target(this.#idAtEnd(length), depth)
      case extension.pointer:
        return this.#pointer(this.#idAtEnd(length), depth)
      case extension.bundle:
        this.#openBundle(start, length)
        return this.#value(depth + 1)
      default:
        throw new FrameFlaw('the frame has an extension of an unknown type')
    }
  }

  /** The parts of an error or an expression. msgpackr converts them to strings, so they may be no objects. */
  #texts(depth: number): void {
    const { containers } = this.#found
    if (this.#reader.peek() >> 4 !== 0x9) throw malformed()
    this.#value(depth + 1)
    if (this.#found.containers !== containers + 1)
      throw new FrameFlaw('the frame has an error with objects in it')
  }

  /** The id of a shared object, in the last four bytes that were read. */
  #idAtEnd(length: number): number {
    if (length !== 4) throw malformed()
    this.#reader.position -= 4
    return this.#reader.unsigned(4)
  }

  #target(id: number, depth: number): void {
    const before = { ...this.#found }
    this.#targets.set(id, 'open')
    this.#found.height = depth
    this.#value(depth + 1)
    const { values, containers, size, height } = this.#found
    this.#targets.set(id, {
      values: values - before.values,
      containers: containers - before.containers,
      size: size - before.size,
      height: height - depth,
    })
    this.#found.height = Math.max(height, before.height)
  }

  #pointer(id: number, depth: number): void {
    const target = this.#targets.get(id)
    if (target === undefined) throw malformed()
    if (target !== 'open') return this.#add({ ...target, height: depth + target.height })
    this.isCyclic = true
    this.#add({ values: 1, containers: 1, size: 1, height: depth })
  }

  /** Notes two strings further on in the frame, from which later strings are cut. */
  #openBundle(start: number, length: number): void {
    if (length < 4) throw malformed()
    const end = this.#reader.position
    this.#reader.position = start
    const strings = start + this.#reader.unsigned(4)
    if (strings < end || strings > this.#reader.length) throw malformed()
    this.#reader.position = strings
    for (let each = 0; each < 2; each++) this.#bundled += this.#reader.skip(this.#bundleLength())
    // Each bundle has its own strings. The same ones again and again would be decoded as often.
    if (this.#bundled > this.#reader.length) throw malformed()
    this.#hasBundle = true
    this.#bundleEnd = this.#reader.position
    this.#reader.position = end
  }

  #bundleLength(): number {
    const length = this.#reader.stringLength(this.#reader.unsigned(1))
    if (length === undefined) throw malformed()
    return length
  }

  #add({ values, containers, size, height }: Extent): void {
    const found = this.#found
    found.values += values
    found.containers += containers
    if (found.values > MAX_FRAME_VALUES) throw tooMany()
    if (found.containers > this.#reader.length) throw new FrameFlaw('the frame has too many pointers')
    if (height > MAX_FRAME_DEPTH) throw tooDeep()
    found.height = Math.max(found.height, height)
    this.#addSize(size)
  }

  #addSize(bytes: number): void {
    this.#found.size += bytes
    if (this.#found.size > MAX_FRAME_SIZE) throw new FrameFlaw('the frame is too large', MAX_FRAME_SIZE)
  }
}

function malformed(): FrameFlaw {
  return new FrameFlaw('the frame is not msgpack')
}
