import { core } from '../../../model/identifiers.ts'
import { StatusError } from '../../../model/status.ts'
import type { RequestStep } from '../commit-step.ts'

const announcements: ReadonlySet<string> = new Set([core.class.TxWorkspaceEvent, core.class.TxModelUpgrade])

/** Announcements are pushed to everyone and not logged. Only the system sends them. */
export const events: RequestStep = (next) =>
  async function events(work, tx) {
    if (!announcements.has(tx._class)) return await next(work, tx)
    if (!work.caller.system && !work.caller.admin) {
      throw new StatusError('platform:status:Forbidden', { message: 'only the system announces events' })
    }
    work.state.pushes.push({ tx })
    return { result: {} }
  }
