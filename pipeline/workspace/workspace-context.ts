import { moduleOf } from '../modules/installed-modules.ts'
import { runLaterFor } from '../modules/run-later.ts'
import type { WorkspaceContext } from '../modules/trigger.ts'
import type { Workspace } from './workspace.ts'

/** What a trigger or job knows of the workspace. @param fullName of the trigger or job */
export function workspaceContextFor(
  { id, clock, generateId, settings }: Workspace,
  fullName: string,
): WorkspaceContext {
  const module = moduleOf(fullName)
  const now = (): number => clock.now()
  return {
    workspace: { id },
    settings: settings.valuesOf(module),
    now,
    ...runLaterFor(module, { generateId, now }),
  }
}
