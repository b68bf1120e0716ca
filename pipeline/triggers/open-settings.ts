import { core } from '../../model/identifiers.ts'
import { TransactionFactory } from '../../model/transaction-factory.ts'
import { settingsId } from '../modules/module-settings.ts'
import { SETTINGS_DOMAIN, settingsState } from '../modules/settings-state.ts'
import { systemCaller } from '../shared/caller.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { atomic } from './module-context.ts'

/**
 * Reads the settings of all modules, and creates those of modules that are new to the workspace.
 * @throws StorageError
 */
export async function openSettings(workspace: Workspace): Promise<void> {
  const { clock, generateId, isNew, settings, storage } = workspace
  const declared = [...settings.declared]
  if (declared.length === 0) return
  const stored = await storage.get(
    SETTINGS_DOMAIN,
    declared.map(({ name }) => settingsId(name)),
  )
  for (const doc of stored) settings.take(doc)
  const known = new Set<string>(stored.map(({ _id }) => _id))
  const factory = new TransactionFactory(generateId, {
    space: core.space.DerivedTx,
    modifiedBy: core.account.System,
    modifiedOn: clock.now(),
  })
  const txes = declared
    .filter(({ name }) => !known.has(settingsId(name)))
    .map(({ name, enabledIn = 'all' }) => {
      const isOn = enabledIn === 'all' || (enabledIn === 'new' && isNew)
      const attributes = { module: name, isOn, values: {} }
      const options = { _id: settingsId(name) }
      return factory.create(settingsState.class.Settings, core.space.Configuration, attributes, options)
    })
  if (txes.length > 0) await workspace.commit(systemCaller, atomic(workspace, txes, systemCaller))
}
