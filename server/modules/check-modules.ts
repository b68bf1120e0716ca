import { messageOf } from '../../model/error-details.ts'
import { z } from 'zod'
import { baseModel } from '../../model/base-model.ts'
import { planFind } from '../../model/query/plan-find.ts'
import { asDocumentMigration, type AtriumModule } from '../../pipeline/modules/module.ts'
import { isStoredDomain } from '../../pipeline/shared/stored-domain.ts'
import { moduleStateModel } from '../../pipeline/modules/module-state.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { ConfigurationError } from '../configuration/configuration-error.ts'
import { uniqueFlaw } from './check-unique.ts'

/** Names are parts of the names of methods, documents and metrics. */
const name = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'letters, digits, - and _, from a letter on')
const run = z.custom<() => unknown>((value) => typeof value === 'function', 'a function')
const classes = z.array(z.string().min(1))

/** Documents of one commit. */
const MAX_BATCH = 5000
const migrationSchema = z.looseObject({
  name,
  run,
  each: z.looseObject({ class: z.string().min(1), where: z.looseObject({}).optional() }).optional(),
  batch: z.int().min(1).max(MAX_BATCH).optional(),
  online: z.boolean().optional(),
  onError: z.enum(['stop', 'set-aside']).optional(),
})

const moduleSchema = z.looseObject({
  name,
  model: z.array(z.looseObject({ _id: z.string(), _class: z.string(), objectSpace: z.string() })),
  demo: run.optional(),
  triggers: z
    .array(
      z.looseObject({
        name,
        kind: z.enum(['sync', 'async']),
        on: z.looseObject({ classes: classes.min(1), transactions: classes.min(1).optional() }),
        run,
      }),
    )
    .optional(),
  migrations: z.array(migrationSchema).optional(),
  methods: z.record(name, z.looseObject({ params: z.looseObject({ safeParse: run }), run })).optional(),
})

/** @throws ConfigurationError that names the first error */
export function checkShape(from: string, module: unknown): AtriumModule {
  if (typeof module !== 'object' || module === null) throw wrong(from, 'does not export a module by default')
  const parsed = moduleSchema.safeParse(module)
  // The schema has checked the shape; the module itself keeps its functions and class instances.
  if (parsed.success) return module as AtriumModule
  const [issue] = parsed.error.issues
  throw wrong(from, `does not export a module by default: ${issue?.path.join('.')}: ${issue?.message}`)
}

/** Checks that need all modules. @throws ConfigurationError that names the module */
export function checkModules(modules: readonly AtriumModule[]): void {
  const twice = repeated(modules.map(({ name }) => name))
  if (twice !== undefined) throw wrong(twice, 'is there twice')
  const model = WorkspaceModel.of([...baseModel, ...moduleStateModel])
  for (const module of modules) {
    checkNames(module)
    addModel(model, module)
  }
  for (const module of modules) {
    checkTriggers(model, module)
    checkMigrations(model, module)
    const flaw = uniqueFlaw(model, module)
    if (flaw !== undefined) throw wrong(module.name, flaw)
  }
}

function checkNames({ name, triggers = [], migrations = [] }: AtriumModule): void {
  const trigger = repeated(triggers.map(({ name }) => name))
  if (trigger !== undefined) throw wrong(name, `has two triggers ${trigger}`)
  const migration = repeated(migrations.map(({ name }) => name))
  if (migration !== undefined) throw wrong(name, `has two migrations ${migration}`)
}

function addModel(model: WorkspaceModel, { name, model: transactions }: AtriumModule): void {
  try {
    for (const tx of transactions) model.apply(tx)
  } catch (cause) {
    throw wrong(name, `has a model that does not stand: ${messageOf(cause)}`)
  }
}

function checkTriggers({ hierarchy }: WorkspaceModel, { name, triggers = [] }: AtriumModule): void {
  for (const { name: trigger, on } of triggers) {
    const unknown = [...on.classes, ...(on.transactions ?? [])].find(
      (each) => hierarchy.findClass(each) === undefined,
    )
    if (unknown !== undefined) throw wrong(name, `has a trigger ${trigger} for ${unknown}, which is no class`)
  }
}

/** Documents of a migration are stored, and found by its query. */
function checkMigrations({ hierarchy }: WorkspaceModel, { name, migrations = [] }: AtriumModule): void {
  for (const migration of migrations) {
    const each = asDocumentMigration(migration)?.each
    if (each === undefined) continue
    try {
      const { domain } = planFind(hierarchy, each.class, each.where ?? {})
      if (!isStoredDomain(domain)) throw new Error(`the documents of ${each.class} are not stored`)
    } catch (error) {
      throw wrong(name, `has a migration ${migration.name} that does not stand: ${messageOf(error)}`)
    }
  }
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) !== at)
}

function wrong(module: string, message: string): ConfigurationError {
  return new ConfigurationError(`ATRIUM_MODULES: ${module} ${message}`)
}
