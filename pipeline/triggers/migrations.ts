import { brand } from '../../model/brand.ts'
import type { Ref } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import { StatusError } from '../../model/status.ts'
import { systemCaller } from '../shared/caller.ts'
import type { Handlers } from '../workspace/middleware.ts'
import type { Migration } from '../modules/module.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { moduleContextFor } from './module-context.ts'
import { runInModule } from '../modules/run-in-module.ts'
import { moduleState } from '../modules/module-state.ts'

/**
 * Applies pending migrations, one after another.
 * @throws StatusError MigrationFailed; earlier migrations stay applied
 */
export async function migrate(workspace: Workspace, handlers: Handlers): Promise<void> {
  const { migrations } = workspace.modules
  if (migrations.length === 0) return
  const applied = await appliedTo(workspace)
  for (const { module, migration } of migrations) {
    const _id = brand(`migration:${module}.${migration.name}`)
    if (!applied.has(_id) && workspace.settings.isOn(module))
      await apply({ workspace, handlers, _id, module, migration })
  }
}

async function appliedTo({ model, storage }: Workspace): Promise<ReadonlySet<string>> {
  const plan = planFind(model.hierarchy, moduleState.class.AppliedMigration, {}, {})
  return new Set((await storage.find(plan)).map(({ _id }) => _id))
}

interface Application {
  workspace: Workspace
  handlers: Handlers
  _id: Ref
  module: string
  migration: Migration
}

async function apply({ workspace, handlers, _id, module, migration }: Application): Promise<void> {
  const { id, logger } = workspace
  const names = { module, migration: migration.name }
  try {
    const context = moduleContextFor(workspace, handlers, systemCaller)
    const origin = { module, kind: 'migration', name: migration.name, workspace: id } as const
    const last = await runInModule(origin, () => migration.run(context))
    const { AppliedMigration } = moduleState.class
    const note = context.factory.create(AppliedMigration, core.space.Configuration, {}, { _id })
    await context.commit([...last, { ...note, space: core.space.DerivedTx }])
    logger.info({ workspace: id, ...names }, 'a migration was applied')
  } catch (error) {
    logger.error({ workspace: id, ...names, err: error }, 'a migration failed')
    throw new StatusError('platform:status:MigrationFailed', names, { cause: error })
  }
}
