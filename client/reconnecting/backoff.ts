import type { CloseInfo } from './connection-state.ts'

/** Milliseconds of the first wait, by what ended the connection. */
const FIRST = { network: 250, overloaded: 2000, upgrading: 2000, token: 500 }
const LONGEST = 30_000

/** What to do about a connection that is gone. */
export type Verdict =
  { retry: true; first: number; wanted: number | undefined; freshToken: boolean } | { retry: false }

/** By the ranges of close codes, and what the server said of the time to come back. */
export function verdictOf({ code, reason, status }: CloseInfo, terminate: boolean): Verdict {
  if (terminate || code === 1009 || (code >= 4200 && code < 4300)) return { retry: false }
  if (status?.code === 'platform:status:Unauthorized' || (code >= 4100 && code < 4200)) {
    return { retry: true, first: FIRST.token, wanted: undefined, freshToken: true }
  }
  const wanted = /retry in (\d{1,7}) ms/.exec(reason)?.[1]
  return {
    retry: true,
    first: firstOf(code),
    wanted: wanted === undefined ? undefined : Number(wanted),
    freshToken: false,
  }
}

function firstOf(code: number): number {
  switch (code) {
    case 1013:
      return FIRST.overloaded
    case 4001:
      return FIRST.upgrading
    default:
      return FIRST.network
  }
}

/**
 * Milliseconds until the next attempt: doubled each time, and somewhere in its upper half, so that clients which lost the
 * same server don't come back together ("equal jitter", Brooker, Exponential Backoff And Jitter, 2015).
 *
 * @param retries attempts before this one
 * @param random from 0 to below 1
 */
export function backoff(verdict: Verdict & { retry: true }, retries: number, random: number): number {
  if (verdict.wanted !== undefined) return verdict.wanted
  const whole = Math.min(LONGEST, verdict.first * 2 ** Math.min(retries, 16))
  return Math.round(whole / 2 + (whole / 2) * random)
}
