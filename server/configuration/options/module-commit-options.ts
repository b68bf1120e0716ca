import { duration } from './duration.ts'
import { oneOfOrDerived, type Option } from './option.ts'

/** What code of modules may do within a commit. */
export const moduleCommitOptions = {
  moduleChecks: oneOfOrDerived(
    'ATRIUM_MODULE_CHECKS',
    ['freeze', 'copy'],
    'freeze where NODE_ENV is set and is not production, as in `npm run dev`; otherwise copy',
    'Values that modules get: frozen, so that changing one fails at once, or a copy for each run.',
  ),
  triggerTimeout: duration(
    'ATRIUM_TRIGGER_TIMEOUT',
    '1s',
    'Time of one run of a synchronous trigger, for which other commits of its workspace wait.',
    { unit: 'ms', least: '1ms', most: '1m' },
  ),
} satisfies Record<string, Option>
