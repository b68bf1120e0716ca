import { expect, test } from '@jest/globals'
import type { Trigger } from './trigger.ts'
import { triggerFlaw } from './trigger-flaw.ts'

const trigger = (fields: object): Trigger => ({
  kind: 'async',
  name: 'note',
  on: { classes: [] },
  run: () => [],
  ...fields,
})

test('MOD-48: options of an asynchronous trigger that mean nothing are refused at the start, by name', () => {
  for (const [fields, flaw] of [
    [{}, undefined],
    [{ retry: { for: '24h', max: '10m', first: 500 }, timeout: '1.5s', concurrency: 4 }, undefined],
    [{ retry: { for: 'a day' } }, 'retry.for: a day is no duration such as 500ms, 30s, 5m, 2h or 7d'],
    [{ retry: { max: -1 } }, 'retry.max: -1 is no duration such as 500ms, 30s, 5m, 2h or 7d'],
    [{ timeout: '10' }, 'timeout: 10 is no duration such as 500ms, 30s, 5m, 2h or 7d'],
    [{ retry: { attempts: 0 } }, 'retry.attempts is not a whole number from 1'],
    [{ concurrency: 1.5 }, 'concurrency is not a whole number from 1'],
    [{ from: 'beginning' }, 'from is neither now nor start'],
    [{ orderBy: 'objectId' }, 'orderBy is not a function'],
    [{ was: 'old' }, 'was is not an array of names'],
  ] as const)
    expect(triggerFlaw(trigger(fields))).toBe(flaw)
})
