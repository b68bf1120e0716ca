/**
 * A run of an asynchronous trigger that throws it is repeated after this time, whatever its retry policy says of the
 * delay.
 * @example
 * if (response.status === 429) throw new RetryAfter(1000 * Number(response.headers.get('retry-after') ?? 60))
 */
export class RetryAfter extends Error {
  /** Milliseconds. */
  readonly retryAfter: number

  /** @param milliseconds until the next run */
  constructor(milliseconds: number, message = `again in ${milliseconds} ms`, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RetryAfter'
    this.retryAfter = milliseconds
  }
}

/**
 * A run of an asynchronous trigger that throws it is not repeated: the transaction becomes a dead letter.
 * @example
 * if (response.status === 400) throw new Permanent('the service refuses the address')
 */
export class Permanent extends Error {
  readonly permanent = true

  /** @param reason is stored in the dead letter */
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'Permanent'
  }
}

/** Milliseconds, if the error asks for another run. Recognized by its shape: an application may have a copy of the class. */
export function retryAfterOf(error: unknown): number | undefined {
  const { name, retryAfter } = shapeOf(error)
  if (name !== 'RetryAfter' || typeof retryAfter !== 'number' || Number.isNaN(retryAfter)) return undefined
  return Math.max(0, retryAfter)
}

/** Whether the error forbids another run. */
export function isPermanent(error: unknown): boolean {
  const { name, permanent } = shapeOf(error)
  return name === 'Permanent' && permanent === true
}

function shapeOf(error: unknown): { name?: unknown; retryAfter?: unknown; permanent?: unknown } {
  return typeof error === 'object' && error !== null ? error : {}
}
