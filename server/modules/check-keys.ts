import leven from 'leven'
import type { Job } from '../../pipeline/modules/job.ts'
import type {
  AtriumModule,
  DocumentMigration,
  ServiceMethod,
  WholeMigration,
} from '../../pipeline/modules/module.ts'
import type { ModuleRoute } from '../../pipeline/modules/route.ts'
import type { AsyncTrigger, RetryPolicy, SyncTrigger, TriggerMatch } from '../../pipeline/modules/trigger.ts'

/** A record, so that the compiler demands every key that a declaration may have. */
type Keys<T> = Readonly<Record<keyof T, true>>

const moduleKeys: Keys<AtriumModule> = {
  name: true,
  version: true,
  requires: true,
  settings: true,
  enabledIn: true,
  model: true,
  demo: true,
  triggers: true,
  migrations: true,
  jobs: true,
  methods: true,
  routes: true,
}
const triggerKeys: Keys<SyncTrigger & Omit<AsyncTrigger, 'kind' | 'run'>> = {
  name: true,
  kind: true,
  on: true,
  run: true,
  concurrency: true,
  from: true,
  orderBy: true,
  retry: true,
  timeout: true,
  was: true,
}
const retryKeys: Keys<RetryPolicy> = { for: true, max: true, first: true, attempts: true }
const matchKeys: Keys<TriggerMatch> = { classes: true, transactions: true }
const migrationKeys: Keys<WholeMigration & DocumentMigration> = {
  name: true,
  run: true,
  each: true,
  batch: true,
  online: true,
  onError: true,
}
const eachKeys: Keys<DocumentMigration['each']> = { class: true, where: true }
const jobKeys: Keys<Job> = { cron: true, timeZone: true, params: true, run: true }
const methodKeys: Keys<ServiceMethod> = {
  params: true,
  run: true,
  timeout: true,
  idempotent: true,
  commitsOnly: true,
  live: true,
}
const routeKeys: Keys<ModuleRoute> = {
  method: true,
  path: true,
  public: true,
  query: true,
  body: true,
  timeout: true,
  run: true,
}

/** Changes of a word that may be a slip of the hand. */
const SLIP = 2

/**
 * What is wrong with the keys of a module. An object may have no others than the known ones; an instance of a class may
 * have fields of its own, unless they look like a known key.
 * @returns such as `triggers.0: "runs" is no key of it; do you mean "run"?`
 */
export function unknownKey(module: object): string | undefined {
  const parts: Partial<Record<string, unknown>> = { ...module }
  return (
    unknownIn('', module, moduleKeys) ??
    unknownInAll('triggers', parts, triggerKeys) ??
    unknownInAll('triggers', parts, matchKeys, 'on') ??
    unknownInAll('triggers', parts, retryKeys, 'retry') ??
    unknownInAll('migrations', parts, migrationKeys) ??
    unknownInAll('migrations', parts, eachKeys, 'each') ??
    unknownInAll('jobs', parts, jobKeys) ??
    unknownInAll('methods', parts, methodKeys) ??
    unknownInAll('routes', parts, routeKeys)
  )
}

/** The first unknown key in the declarations of a kind, or in one part of each. */
function unknownInAll(
  kind: string,
  module: Partial<Record<string, unknown>>,
  known: Readonly<Record<string, true>>,
  part?: string,
): string | undefined {
  const declared = module[kind]
  if (typeof declared !== 'object' || declared === null) return undefined
  for (const [name, each] of Object.entries<unknown>(declared as Record<string, unknown>)) {
    const where = [kind, name, ...(part === undefined ? [] : [part])].join('.')
    const object = part === undefined ? each : (each as Record<string, unknown> | null)?.[part]
    const wrong = unknownIn(where, object, known)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function unknownIn(
  where: string,
  object: unknown,
  known: Readonly<Record<string, true>>,
): string | undefined {
  if (typeof object !== 'object' || object === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(object)
  const isPlain = prototype === Object.prototype || prototype === null
  for (const key of Object.keys(object)) {
    if (Object.hasOwn(known, key)) continue
    const nearest = nearestOf(key, Object.keys(known))
    const isSlip = leven(key.toLowerCase(), nearest.toLowerCase()) <= SLIP
    if (!isPlain && !isSlip) continue
    const place = where === '' ? '' : `${where}: `
    const others = Object.keys(known).join(', ')
    return `${place}"${key}" is no key of it${isSlip ? `; do you mean "${nearest}"?` : `, which are ${others}`}`
  }
  return undefined
}

function nearestOf(key: string, known: readonly string[]): string {
  const distance = (each: string) => leven(key.toLowerCase(), each.toLowerCase())
  return known.reduce((best, each) => (distance(each) < distance(best) ? each : best))
}
