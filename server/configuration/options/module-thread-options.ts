import { duration } from './duration.ts'
import { oneOf, whole, type Option } from './option.ts'

/** Where code of modules runs. */
export const moduleThreadOptions = {
  moduleIsolation: oneOf(
    'ATRIUM_MODULE_ISOLATION',
    ['none', 'thread'],
    'none',
    'thread: asynchronous triggers, jobs and methods of a module run in a thread of its own.',
  ),
  moduleMemory: whole('ATRIUM_MODULE_MEMORY', 512, 'Mebibytes of the heap of the thread of a module.', 16),
  moduleStall: duration(
    'ATRIUM_MODULE_STALL',
    '3s',
    'Time for which the thread of a module may compute without a pause before it is ended.',
    { unit: 'ms', least: '100ms' },
  ),
} satisfies Record<string, Option>
