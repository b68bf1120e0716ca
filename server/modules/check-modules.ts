import { messageOf } from '../../model/error-details.ts'
import { z } from 'zod'
import { baseModel } from '../../model/base-model.ts'
import { planFind } from '../../model/query/plan-find.ts'
import { asDocumentMigration, type AtriumModule } from '../../pipeline/modules/module.ts'
import { isStoredDomain } from '../../pipeline/shared/stored-domain.ts'
import { triggerFlaw } from '../../pipeline/modules/trigger-flaw.ts'
import { serverModel } from '../../pipeline/modules/server-model.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { nextRun } from '../../pipeline/schedules/next-run.ts'
import { unknownKey } from './check-keys.ts'
import { uniqueFlaw } from './check-unique.ts'
import { wrongModule } from './wrong-module.ts'

/** Names are parts of the names of methods, documents and metrics. */
const name = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'letters, digits, - and _, from a letter on')
const run = z.custom<() => unknown>((value) => typeof value === 'function', 'a function')
/** Milliseconds of the longest timer. */
const LONGEST_TIMER = 2 ** 31 - 1
const classes = z.array(z.string().min(1))

const method = z.looseObject({
  params: z.looseObject({ safeParse: run }),
  run,
  timeout: z.number().int().positive().max(LONGEST_TIMER).optional(),
  idempotent: z.boolean().optional(),
  commitsOnly: z.boolean().optional(),
  live: z.boolean().optional(),
})

const schema = z.looseObject({ safeParse: run }).optional()
/** The path has a parameter for the workspace already. */
const routePath = /^(\/(:(?!workspace\b)[A-Za-z]\w*|[\w.~-]+))+$/
const route = z.looseObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: z.string().regex(routePath, 'parts such as /orders/:id, none of them :workspace'),
  public: z.boolean().optional(),
  query: schema,
  body: schema,
  timeout: z.number().int().positive().max(LONGEST_TIMER).optional(),
  run,
})

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
  version: z.string().optional(),
  requires: z.array(z.string().regex(/^[A-Za-z][\w-]{0,63}(@.+)?$/, 'a name, or name@range')).optional(),
  settings: z.looseObject({ safeParse: run, parse: run }).optional(),
  enabledIn: z.enum(['all', 'new', 'some']).optional(),
  jobs: z
    .record(
      name,
      z.looseObject({
        cron: z.string().optional(),
        timeZone: z.string().optional(),
        params: z.looseObject({ parse: run }).optional(),
        run,
      }),
    )
    .optional(),
  methods: z.record(name, method).optional(),
  routes: z.array(route).optional(),
})

/** @throws ConfigurationError that names the first error */
export function checkShape(from: string, module: unknown): AtriumModule {
  if (typeof module !== 'object' || module === null)
    throw wrongModule(from, 'does not export a module by default')
  // First, as a misspelt key is often why another one is missing.
  const unknown = unknownKey(module)
  if (unknown !== undefined) throw wrongModule(from, `does not export a module by default: ${unknown}`)
  const parsed = moduleSchema.safeParse(module)
  // The schema has checked the shape; the module itself keeps its functions and class instances.
  if (parsed.success) return module as AtriumModule
  const [issue] = parsed.error.issues
  throw wrongModule(from, `does not export a module by default: ${issue?.path.join('.')}: ${issue?.message}`)
}

/** Checks that need all modules. @throws ConfigurationError that names the module */
export function checkModules(modules: readonly AtriumModule[]): void {
  const twice = repeated(modules.map(({ name }) => name))
  if (twice !== undefined) throw wrongModule(twice, 'is there twice')
  const model = WorkspaceModel.of([...baseModel, ...serverModel])
  for (const module of modules) {
    checkNames(module)
    checkDefaults(module)
    addModel(model, module)
  }
  for (const module of modules) {
    checkTriggers(model, module)
    checkMigrations(model, module)
    const flaw = uniqueFlaw(model, module)
    if (flaw !== undefined) throw wrongModule(module.name, flaw)
  }
}

function checkNames(module: AtriumModule): void {
  const { name, triggers = [], migrations = [], jobs = {}, routes = [] } = module
  const trigger = repeated(triggers.map(({ name }) => name))
  if (trigger !== undefined) throw wrongModule(name, `has two triggers ${trigger}`)
  const migration = repeated(migrations.map(({ name }) => name))
  if (migration !== undefined) throw wrongModule(name, `has two migrations ${migration}`)
  const both = triggers.find((trigger) => Object.hasOwn(jobs, trigger.name))
  if (both !== undefined) throw wrongModule(name, `has a trigger and a job ${both.name}`)
  for (const [job, { cron, timeZone }] of Object.entries(jobs)) checkCron(name, job, cron, timeZone)
  const route = repeated(routes.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`))
  if (route !== undefined) throw wrongModule(name, `has two routes ${route}`)
}

function checkDefaults({ name, settings }: AtriumModule): void {
  const outcome = settings?.safeParse({})
  if (outcome?.success === false)
    throw wrongModule(
      name,
      `has settings without defaults for all fields: ${outcome.error.issues[0]?.message}`,
    )
}

function checkCron(name: string, job: string, cron: string | undefined, timeZone = 'UTC'): void {
  if (cron === undefined) return
  try {
    nextRun(cron, timeZone, 0)
  } catch (error) {
    throw wrongModule(
      name,
      `has a job ${job} with an invalid cron expression or time zone: ${messageOf(error)}`,
    )
  }
}

function addModel(model: WorkspaceModel, { name, model: transactions }: AtriumModule): void {
  try {
    for (const tx of transactions) model.apply(tx)
  } catch (cause) {
    throw wrongModule(name, `has a model that does not stand: ${messageOf(cause)}`)
  }
}

function checkTriggers({ hierarchy }: WorkspaceModel, { name, triggers = [] }: AtriumModule): void {
  for (const each of triggers) {
    const { name: trigger, on } = each
    const flaw = triggerFlaw(each)
    if (flaw !== undefined) throw wrongModule(name, `has a trigger ${trigger}: ${flaw}`)
    const unknown = [...on.classes, ...(on.transactions ?? [])].find(
      (each) => hierarchy.findClass(each) === undefined,
    )
    if (unknown !== undefined)
      throw wrongModule(name, `has a trigger ${trigger} for ${unknown}, which is no class`)
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
      throw wrongModule(name, `has a migration ${migration.name} that does not stand: ${messageOf(error)}`)
    }
  }
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) !== at)
}
