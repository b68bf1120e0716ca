/** The one place that asks the system for the time; a lint rule keeps `Date.now` out of everything else. */
export const systemClock = {
  /** Milliseconds since the Unix epoch, for dates. People and networks set this clock, so it may step back. */
  now: (): number => Date.now(),
  /** Milliseconds since some moment, for durations. Never steps back, whatever becomes of the date. */
  monotonic: (): number => performance.now(),
}
