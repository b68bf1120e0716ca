import { duration } from './duration.ts'
import { whole, type Option } from './option.ts'

/** Asynchronous triggers of modules. */
export const triggerOptions = {
  triggerCrashes: whole(
    'ATRIUM_TRIGGER_CRASHES',
    2,
    'Crashes of the server during the runs of a trigger for one transaction until it is a dead letter; 0: never.',
    0,
  ),
  triggerKeep: duration(
    'ATRIUM_TRIGGER_KEEP',
    '30d',
    'Time for which a workspace keeps the position of a trigger that no module declares any more.',
    { unit: 'ms', least: '0s' },
  ),
  slowRun: duration('ATRIUM_SLOW_RUN', '1s', 'Duration from which on a run of a trigger is logged as slow.', {
    unit: 'ms',
    least: '1ms',
  }),
} satisfies Record<string, Option>
