import type { CloseInfo } from './connection-state.ts'

/** Milliseconds of the first wait and of the longest, by the cause of the disconnection. */
const WAITS = {
  /** No server responded. The longest wait is short, as often no event announces that the network is back. */
  network: { first: 250, longest: 4000 },
  token: { first: 500, longest: 30_000 },
  /** More load would make it worse. */
  overloaded: { first: 2000, longest: 30_000 },
  upgrading: { first: 2000, longest: 30_000 },
}

/** Close code: another connection has the session id. */
export const SESSION_TAKEN = 4201
/** Close code: another connection got the session id, because this one did not respond for a second. */
const REPLACED = 4200

/** Another connection has the session id: the server accepts the client under a new one. */
export function needsNewSessionId(code: number): boolean {
  return code === SESSION_TAKEN || code === REPLACED
}

type Cause = keyof typeof WAITS

export interface Retry {
  retry: true
  cause: Cause
  /** Milliseconds that the server asks the client to wait at least. */
  minimum: number
  freshToken: boolean
}

/** What to do after a connection has ended. */
export type ReconnectDecision = Retry | { retry: false }

/**
 * Decides by the ranges of close codes (PROTOCOL.md) and the status the server sent before.
 *
 * @param isFinal the server's signal forbids a retry
 */
export function reconnectDecision({ code, reason, status }: CloseInfo, isFinal: boolean): ReconnectDecision {
  if (isFinal || (code >= 4200 && code < 4300 && !needsNewSessionId(code))) return { retry: false }
  if (status?.code === 'platform:status:Unauthorized' || (code >= 4100 && code < 4200))
    return { retry: true, cause: 'token', minimum: 0, freshToken: true }
  const minimum = Number(/retry in (\d{1,7}) ms/.exec(reason)?.[1] ?? 0)
  return { retry: true, cause: causeOf(code), minimum, freshToken: false }
}

function causeOf(code: number): Cause {
  switch (code) {
    case 1013:
      return 'overloaded'
    case 4001:
      return 'upgrading'
    default:
      return 'network'
  }
}

/**
 * Waits between attempts. They double as long as the cause stays the same: any response of the server, even a refusal,
 * ends the series for the network.
 */
export class Backoff {
  #cause: Cause | undefined
  #repeated = 0
  #retries = 0

  /** Attempts since all requests were last answered. */
  get retries(): number {
    return this.#retries
  }

  /**
   * Milliseconds until the next attempt: at random in the upper half of the wait, so that clients which lost the same
   * server do not return together ("equal jitter", Brooker, Exponential Backoff And Jitter, 2015).
   *
   * @param random from 0 to below 1
   * @param elapsed milliseconds of the wait that have passed already
   */
  next({ cause, minimum }: Retry, random: number, elapsed: number): number {
    this.#repeated = cause === this.#cause ? this.#repeated + 1 : 0
    this.#cause = cause
    this.#retries += 1
    const { first, longest } = WAITS[cause]
    const whole = Math.min(longest, first * 2 ** Math.min(this.#repeated, 16))
    return Math.max(minimum, Math.round(whole / 2 + (whole / 2) * random) - elapsed)
  }

  /** The next wait is a first one again. */
  reset(): void {
    this.#cause = undefined
    this.#retries = 0
  }
}
