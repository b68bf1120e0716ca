import { moduleStateModel } from './module-state.ts'
import { scheduleModel } from './schedule-state.ts'
import { settingsModel } from './settings-state.ts'

/** The classes of what the server keeps for modules, beside the base model. */
export const serverModel = [...moduleStateModel, ...scheduleModel, ...settingsModel]
