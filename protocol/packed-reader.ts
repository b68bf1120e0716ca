import { FrameFlaw } from './frame-limits.ts'
import type { KeyCount } from './key-count.ts'

/** Reads the bytes of a packed frame from the beginning on. */
export class PackedReader {
  position = 0
  readonly #data: Buffer

  constructor(data: Uint8Array) {
    this.#data = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  }

  get length(): number {
    return this.#data.length
  }

  /** The byte at the position, without reading it. */
  peek(): number {
    return this.#data[this.position] ?? 0
  }

  /** An unsigned integer of this many bytes. */
  unsigned(bytes: 1 | 2 | 4): number {
    const at = this.#advance(bytes)
    if (bytes === 1) return this.#data[at] ?? 0
    return bytes === 2 ? this.#data.readUInt16BE(at) : this.#data.readUInt32BE(at)
  }

  /** @returns the number of bytes that were passed */
  skip(bytes: number): number {
    this.#advance(bytes)
    return bytes
  }

  /** An integer: in one byte, or after a token of 8 to 32 bits; `undefined` if something else follows. */
  integer(): number | undefined {
    const token = this.unsigned(1)
    if (token < 0x80) return token
    if (token >= 0xe0) return token - 0x100
    const integer = integers.get(token)
    return integer?.read(this.#data, this.#advance(integer.bytes))
  }

  /** The length of the string whose token was read; `undefined` if it is the token of something else. */
  stringLength(token: number): number | undefined {
    if (token >= 0xa0 && token < 0xc0) return token - 0xa0
    if (token === 0xd9) return this.unsigned(1)
    if (token === 0xda) return this.unsigned(2)
    return token === 0xdb ? this.unsigned(4) : undefined
  }

  /** The length of the array whose token was read; `undefined` if it is the token of something else. */
  arrayLength(token: number): number | undefined {
    if (token >= 0x90 && token < 0xa0) return token - 0x90
    if (token === 0xdc) return this.unsigned(2)
    return token === 0xdd ? this.unsigned(4) : undefined
  }

  /** The values in the map whose token was read, keys included. */
  mapLength(token: number): number | undefined {
    if (token >= 0x80 && token < 0x90) return 2 * (token - 0x80)
    if (token === 0xde) return 2 * this.unsigned(2)
    return token === 0xdf ? 2 * this.unsigned(4) : undefined
  }

  /** The bytes of the binary value whose token was read. */
  binaryLength(token: number): number | undefined {
    if (token === 0xc4) return this.unsigned(1)
    if (token === 0xc5) return this.unsigned(2)
    return token === 0xc6 ? this.unsigned(4) : undefined
  }

  /** The bytes of the extension whose token was read, without its type. */
  extensionLength(token: number): number | undefined {
    if (token >= 0xd4 && token <= 0xd8) return 2 ** (token - 0xd4)
    if (token === 0xc7) return this.unsigned(1)
    if (token === 0xc8) return this.unsigned(2)
    return token === 0xc9 ? this.unsigned(4) : undefined
  }

  /** The bytes after the token of a float or an integer. */
  numberSize(token: number): number | undefined {
    return token >= 0xca && token <= 0xd3 ? numberSizes[token - 0xca] : undefined
  }

  /** Passes a key of this many bytes. */
  count(bytes: number, keys: KeyCount): void {
    const at = this.#advance(bytes)
    keys.add(this.#data, at, at + bytes)
  }

  text(bytes: number): string {
    const at = this.#advance(bytes)
    return this.#data.toString('utf8', at, at + bytes)
  }

  float(): number {
    return this.#data.readDoubleBE(this.#advance(8))
  }

  #advance(bytes: number): number {
    const at = this.position
    if (bytes > this.#data.length - at) throw new FrameFlaw('the frame is not msgpack')
    this.position = at + bytes
    return at
  }
}

/** Bytes after the tokens 0xca to 0xd3: floats, unsigned and signed integers. */
const numberSizes = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8]

interface Integer {
  bytes: number
  read: (data: Buffer, at: number) => number
}

const integers: ReadonlyMap<number, Integer> = new Map([
  [0xcc, { bytes: 1, read: (data: Buffer, at: number) => data.readUInt8(at) }],
  [0xcd, { bytes: 2, read: (data: Buffer, at: number) => data.readUInt16BE(at) }],
  [0xce, { bytes: 4, read: (data: Buffer, at: number) => data.readUInt32BE(at) }],
  [0xd0, { bytes: 1, read: (data: Buffer, at: number) => data.readInt8(at) }],
  [0xd1, { bytes: 2, read: (data: Buffer, at: number) => data.readInt16BE(at) }],
  [0xd2, { bytes: 4, read: (data: Buffer, at: number) => data.readInt32BE(at) }],
])
