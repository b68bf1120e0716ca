import { oneOfOrDerived, type Option } from './option.ts'

/** What code of modules may do within a commit. */
export const moduleCommitOptions = {
  moduleChecks: oneOfOrDerived(
    'ATRIUM_MODULE_CHECKS',
    ['freeze', 'copy'],
    'freeze where NODE_ENV is set and is not production, as in `npm run dev`; otherwise copy',
    'Values that modules get: frozen, so that changing one fails at once, or a copy for each run.',
  ),
} satisfies Record<string, Option>
