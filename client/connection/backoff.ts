import type { CloseInfo } from './connection-state.ts'

/** Milliseconds of the first wait and of the longest, by what ended the connection. */
const WAITS = {
  /** Nobody was there. Not long: nothing else tells that the network is back. */
  network: { first: 250, longest: 4000 },
  token: { first: 500, longest: 30_000 },
  /** The server has said so: it would be worse for more of the same. */
  overloaded: { first: 2000, longest: 30_000 },
  upgrading: { first: 2000, longest: 30_000 },
}

/** Close code of a session id that another connection has. */
export const SESSION_TAKEN = 4201
/** Close code of a connection whose session id another one has now, as it did not answer for a second. */
const REPLACED = 4200

/** Another connection has the session id: with another id there is entry. */
export function needsNewSessionId(code: number): boolean {
  return code === SESSION_TAKEN || code === REPLACED
}

type Cause = keyof typeof WAITS

/** What to do about a connection that is gone. */
export type ReconnectDecision =
  { retry: true; cause: Cause; wanted: number | undefined; freshToken: boolean } | { retry: false }

/** By the ranges of close codes, and what the server said of the time to come back. */
export function reconnectDecision(
  { code, reason, status }: CloseInfo,
  terminate: boolean,
): ReconnectDecision {
  if (terminate || (code >= 4200 && code < 4300 && !needsNewSessionId(code))) return { retry: false }
  if (status?.code === 'platform:status:Unauthorized' || (code >= 4100 && code < 4200))
    return { retry: true, cause: 'token', wanted: undefined, freshToken: true }
  const wanted = /retry in (\d{1,7}) ms/.exec(reason)?.[1]
  return {
    retry: true,
    cause: causeOf(code),
    wanted: wanted === undefined ? undefined : Number(wanted),
    freshToken: false,
  }
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
 * PendingCalls between attempts. They double for as long as the cause stays the same: that the server answers at all, be it
 * with a refusal, ends the waits for the network.
 */
export class Backoff {
  #cause: Cause | undefined
  #repeated = 0
  #retries = 0

  /** Attempts since requests were last all answered. */
  get retries(): number {
    return this.#retries
  }

  /**
   * Milliseconds until the next attempt: somewhere in the upper half, so that clients which lost the same server don't
   * come back together ("equal jitter", Brooker, Exponential Backoff And Jitter, 2015); no less than the server said.
   *
   * @param random from 0 to below 1
   */
  next({ cause, wanted = 0 }: ReconnectDecision & { retry: true }, random: number): number {
    this.#repeated = cause === this.#cause ? this.#repeated + 1 : 0
    this.#cause = cause
    this.#retries += 1
    const { first, longest } = WAITS[cause]
    const whole = Math.min(longest, first * 2 ** Math.min(this.#repeated, 16))
    return Math.max(wanted, Math.round(whole / 2 + (whole / 2) * random))
  }

  /** There is reason to hope: the next wait is a first one. */
  reset(): void {
    this.#cause = undefined
    this.#retries = 0
  }
}
