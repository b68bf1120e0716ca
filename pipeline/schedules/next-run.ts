import { Cron } from 'croner'

/**
 * The next time that a cron expression names, in milliseconds since the epoch. A time that a change of clocks skips
 * becomes the next valid one, and a time that it repeats counts once.
 * @param after milliseconds since the epoch; the result is later
 * @returns `undefined` if there is none, as for the 31st of February
 * @throws Error for an invalid expression or time zone
 */
export function nextRun(cron: string, timeZone: string, after: number): number | undefined {
  return new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(after))?.getTime()
}
