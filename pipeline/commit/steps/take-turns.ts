import type { Workspace } from '../../workspace/workspace.ts'
import type { ChangeStep, ChangeHandler } from '../commit-step.ts'

/** Other workspaces take their turn between the changes of a long request, derived ones included. */
export const takeTurns: ChangeStep = (next: ChangeHandler, { id, turns }: Workspace) =>
  async function takeTurns(work, tx) {
    const turn = turns.pause(id)
    if (turn !== undefined) await turn
    return await next(work, tx)
  }
