import type { AtriumModule } from '../../pipeline/modules/module.ts'
import type { Trigger } from '../../pipeline/modules/trigger.ts'

/** Modules with all that they declare, in the order in which they work: text for people. */
export function describeModules(modules: readonly AtriumModule[]): string {
  return modules.map(describeModule).join('\n\n')
}

function describeModule(module: AtriumModule): string {
  const { name, version, enabledIn = 'all', requires = [], settings, model } = module
  const { triggers = [], migrations = [], jobs = {}, methods = {} } = module
  const parts = [
    `${name} ${version ?? '(no version)'}`,
    `  works in ${places[enabledIn]}`,
    ...(requires.length === 0 ? [] : [`  requires ${requires.join(', ')}`]),
    ...(settings === undefined ? [] : ['  has settings']),
    ...(model.length === 0 ? [] : [`  model of ${model.length} transactions`]),
    ...triggers.map(describeTrigger),
    ...Object.entries(jobs).map(([job, { cron, timeZone = 'UTC' }]) =>
      cron === undefined ? `  job ${job}: when asked for` : `  job ${job}: ${cron} (${timeZone})`,
    ),
    ...migrations.map((migration) => `  migration ${migration.name}`),
    ...Object.keys(methods).map((method) => `  method ${name}.${method}`),
  ]
  return parts.join('\n')
}

const places = {
  all: 'all workspaces',
  new: 'new workspaces, and where it is turned on',
  some: 'workspaces where it is turned on',
} as const

function describeTrigger({ kind, name, on: { classes, transactions } }: Trigger): string {
  const changes = transactions === undefined ? '' : `, ${transactions.join(', ')}`
  return `  ${kind} trigger ${name}: ${classes.join(', ')}${changes}`
}
