import { core } from '../../model/identifiers.ts'
import { settingsId } from '../modules/module-settings.ts'
import { SETTINGS_DOMAIN, settingsState } from '../modules/settings-state.ts'
import { systemFactory } from '../shared/system-factory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { commitAsSystem } from './module-context.ts'

/**
 * Reads the settings of all modules, and creates those of modules that are new to the workspace.
 * @throws StorageError
 */
export async function openSettings(workspace: Workspace): Promise<void> {
  const { isNew, settings, storage } = workspace
  const declared = [...settings.declared]
  if (declared.length === 0) return
  const stored = await storage.get(
    SETTINGS_DOMAIN,
    declared.map(({ name }) => settingsId(name)),
  )
  for (const doc of stored) settings.take(doc)
  const known = new Set<string>(stored.map(({ _id }) => _id))
  const factory = systemFactory(workspace)
  const txes = declared
    .filter(({ name }) => !known.has(settingsId(name)))
    .map(({ name, enabledIn = 'all' }) => {
      const isOn = enabledIn === 'all' || (enabledIn === 'new' && isNew)
      const attributes = { module: name, isOn, values: {} }
      const options = { _id: settingsId(name) }
      return factory.create(settingsState.class.Settings, core.space.Configuration, attributes, options)
    })
  await commitAsSystem(workspace, txes)
}
