import type { BytesPause, SessionRate } from '../requests/request-rates.ts'
import type { SessionServices } from './session-services.ts'

/** Counts the bytes of a message. Beyond the rate its session is not read for a while, so that nothing is refused. */
export function limitBytes(
  session: { readonly id: string; readonly rate: SessionRate; rest: (milliseconds: number) => void },
  bytes: number,
  { limitHit }: Pick<SessionServices, 'limitHit'>,
): void {
  const rest = (pause: BytesPause | undefined): void => {
    if (pause === undefined) return
    limitHit(pause.limit, { session: session.id })
    session.rest(pause.milliseconds)
  }
  const pause = session.rate.bytes(bytes)
  if (pause instanceof Promise) void pause.then(rest)
  else rest(pause)
}
