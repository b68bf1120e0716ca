import type { RequestStep } from '../commit-step.ts'
import { StagedVisibility } from '../staged-visibility.ts'

/** Refuses a request that is based on reads which are out of date. A request that is sent again was checked before. */
export const checkTerms: RequestStep = (next, { permissions }) =>
  function checkTerms(work, tx) {
    const { state, terms } = work
    if (terms !== undefined && state.knownRequest(tx._id) === undefined) {
      const { seesSpace } = new StagedVisibility(work, permissions)
      terms.check({ changes: (domain) => state.stagedChanges(domain), seesSpace })
    }
    return next(work, tx)
  }
