export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now: () => number
}

export interface Logger {
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
  error: (fields: object, message: string) => void
}
