import { invalidTransaction } from '../../../model/invalid-transaction.ts'
import type { ChangeStep } from '../commit-step.ts'
import { settingsState } from '../../modules/settings-state.ts'

/** The settings of a module fit the schema that it declares. */
export const checkSettings: ChangeStep = (next, { settings }) =>
  async function checkSettings(work, tx) {
    const outcome = await next(work, tx)
    const after = outcome.change?.after
    if (after?._class !== settingsState.class.Settings) return outcome
    const wrong = settings.wrongWith(after)
    if (wrong !== undefined) throw invalidTransaction(wrong)
    return outcome
  }
