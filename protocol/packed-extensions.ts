/** Types of the extensions that msgpackr reads: `currentExtensions` in its `unpack.js`. */
export const extension = {
  undefined: 0x00,
  bigint: 0x42,
  /** Strings further on in the frame, from which the strings of the next value are cut. */
  bundle: 0x62,
  error: 0x65,
  /** An object that pointers refer to by an id. */
  target: 0x69,
  pointer: 0x70,
  /** The keys of a shape, and a record of it. */
  record: 0x72,
  set: 0x73,
  typedArray: 0x74,
  regExp: 0x78,
  date: 0xff,
} as const
