// The thread of one module: it has the module run its asynchronous triggers, jobs and methods.
import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../../model/clock.ts'
import { createIdGenerator } from '../../../model/generate-id.ts'
import type { Tx } from '../../../model/transactions.ts'
import type { AtriumModule } from '../../../pipeline/modules/module.ts'
import { ownCopy } from '../../../pipeline/modules/own-copy.ts'
import { type ModuleOrigin, runInModule } from '../../../pipeline/modules/run-in-module.ts'
import { runLaterFor } from '../../../pipeline/modules/run-later.ts'
import type { Logger } from '../../../pipeline/shared/logger.ts'
import { takeStrayErrors } from '../../errors/stray-errors.ts'
import { modelOf } from '../load-modules.ts'
import { type Channel, Link, ROOT } from './link.ts'

/** What the thread gets at its start. */
export interface ThreadData {
  /** The address of the module. */
  url: string
  /** The models of all modules. */
  models: readonly (readonly Tx[])[]
}

/** What the thread has to do. */
export interface ThreadRun {
  kind: 'trigger' | 'job' | 'method'
  /** Within the module. */
  name: string
  origin: ModuleOrigin
}

if (parentPort === null) throw new Error('this file is the start of a thread')

const { url, models } = workerData as ThreadData
const { now } = systemClock
const generateId = createIdGenerator({ now, random: randomBytes })
let hierarchy: unknown
const locals = {
  generateId,
  hierarchy: () => (hierarchy ??= modelOf(models.map((model) => ({ model }))).hierarchy),
}
const module = ((await import(url)) as { default: AtriumModule }).default
const { name: moduleName } = module

type Run = (context: object, input: unknown) => unknown

function declared({ kind, name }: ThreadRun): Run {
  const { triggers = [], jobs = {}, methods = {} } = module
  const found = {
    trigger: triggers.find((each) => each.name === name),
    job: jobs[name],
    method: methods[name],
  }[kind]
  if (found === undefined) throw new Error(`the module has no ${kind} ${name}`)
  return ownCopy(found).run as Run
}

/** Functions of a context whose result is needed at once. */
const atOnce = { generateId, now, random: Math.random, ...runLaterFor(moduleName, { generateId, now }) }

/** Without arguments it only shows that the thread responds. */
async function run(scope: number, what?: ThreadRun, context: object = {}, input?: unknown): Promise<unknown> {
  if (what === undefined) return undefined
  const known = Object.fromEntries(Object.entries(atOnce).filter(([key]) => key in context))
  const result = await runInModule(
    what.origin,
    async () => await declared(what)({ ...context, ...known }, input),
  )
  // The module need not await what it asks for.
  await link.settled(scope)
  return result
}

const link = new Link(parentPort as Channel, run as never, locals)

const log = (level: keyof Logger) => (fields: object, message: string) =>
  void link.call(0, ROOT, [level, fields, message]).catch(() => undefined)
// Nothing follows but the runs.
void link.call(0, ROOT, [])
takeStrayErrors({ info: log('info'), warn: log('warn'), error: log('error') })
