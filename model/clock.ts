/** The only access to the system time. A lint rule forbids `Date.now` elsewhere. */
export const systemClock = {
  /** Milliseconds since the Unix epoch, for dates. This clock may step back when it is set. */
  now: (): number => Date.now(),
  /** Milliseconds since an arbitrary moment, for durations. This clock never steps back. */
  monotonic: (): number => performance.now(),
}
