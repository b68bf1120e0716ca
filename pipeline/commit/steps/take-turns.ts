import { StatusError } from '../../../model/status.ts'
import type { ChangeStep } from '../commit-step.ts'

/**
 * Other workspaces take their turn between the changes of a long request, derived ones included. While memory is short
 * a long request ends, as what it stages cannot give way otherwise. A client does not send it again by itself: later
 * transactions of its session may have been committed.
 * @throws StatusError Timeout
 */
export const takeTurns: ChangeStep = (next, { id, turns, isOverloaded }) =>
  async function takeTurns(work, tx) {
    const turn = turns.pause(id)
    if (turn !== undefined) {
      await turn
      if (isOverloaded() && !work.caller.system) {
        const limit = 'milliseconds of a transaction while memory is short'
        throw new StatusError('platform:status:Timeout', { limit, value: turns.slice })
      }
    }
    return await next(work, tx)
  }
