import { messageOf } from '../../model/error-details.ts'
import { type Duration, milliseconds } from '../shared/duration.ts'
import type { AsyncTrigger, Trigger } from './trigger.ts'

/** What is wrong with the options of an asynchronous trigger; `undefined`: nothing. Untyped modules may have any values. */
export function triggerFlaw(trigger: Trigger): string | undefined {
  if (trigger.kind !== 'async') return undefined
  const { concurrency, from, orderBy, was } = trigger
  const { attempts } = trigger.retry ?? {}
  for (const [name, count] of Object.entries({ concurrency, 'retry.attempts': attempts }))
    if (count !== undefined && !isCount(count)) return `${name} is not a whole number from 1`
  if (from !== undefined && !['now', 'start'].includes(from)) return 'from is neither now nor start'
  if (orderBy !== undefined && typeof orderBy !== 'function') return 'orderBy is not a function'
  if (was !== undefined && !(Array.isArray(was) && was.every((name) => typeof name === 'string')))
    return 'was is not an array of names'
  return durationFlaw(trigger)
}

function durationFlaw({ retry = {}, timeout }: AsyncTrigger): string | undefined {
  const durations = { 'retry.for': retry.for, 'retry.max': retry.max, 'retry.first': retry.first, timeout }
  for (const [name, duration] of Object.entries(durations) as [string, Duration | undefined][]) {
    try {
      if (duration !== undefined) milliseconds(duration)
    } catch (error) {
      return `${name}: ${messageOf(error)}`
    }
  }
  return undefined
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1
}
