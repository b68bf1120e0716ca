import type { SessionRate } from '../requests/request-rates.ts'
import type { SessionServices } from './session-services.ts'

/** Counts the bytes of a message. Beyond the rate its session is not read for a while, so that nothing is refused. */
export function limitBytes(
  session: { readonly id: string; readonly rate: SessionRate; rest: (milliseconds: number) => void },
  bytes: number,
  { limitHit }: Pick<SessionServices, 'limitHit'>,
): void {
  const rest = (milliseconds: number): void => {
    if (milliseconds === 0) return
    limitHit('bytes of an account', { session: session.id })
    session.rest(milliseconds)
  }
  const wait = session.rate.bytes(bytes)
  if (wait instanceof Promise) void wait.then(rest)
  else rest(wait)
}
