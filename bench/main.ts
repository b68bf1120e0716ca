// Measures a real server over the wire, compared with minimal programs that do the same work. `--quick` gives a rough
// result.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureBackup } from './cases/backup.ts'
import { measureCommits } from './cases/commits.ts'
import { measureEffects } from './cases/effects.ts'
import { measureLooking } from './cases/looking.ts'
import { measureMemory } from './cases/memory.ts'
import { measureMigrations } from './cases/migrations.ts'
import { measureOpening } from './cases/opening.ts'
import { measurePermissions } from './cases/permissions.ts'
import { measureRequests } from './cases/requests.ts'
import { measureAttacks } from './cases/attacks.ts'
import { measureStorages } from './cases/storages.ts'
import { measureTenants } from './cases/tenants.ts'
import { measureTriggers } from './cases/triggers.ts'
import type { SqliteAnswers } from './sqlite-child.ts'
import { Child } from './support/child.ts'
import { full, quick } from './support/plan.ts'
import { populate } from './support/populate.ts'
import { print } from './support/report.ts'

const LARGE = 'large'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    /**
     * Only the cases with this in their name: backup, commits, looking, requests, opening, memory, permissions,
     * storages, attacks, tenants, triggers, effects, migrations.
     */
    only: { type: 'string', default: '' },
    /** Only the attacks with one of these words in their name: `cascade|resume`. */
    attack: { type: 'string', default: '' },
    /** Minutes of the case `tenants`. */
    minutes: { type: 'string' },
  },
})
const plan = values.quick ? quick : full

const data = await mkdtemp(join(tmpdir(), 'atrium-bench-'))
const sqlite = new Child<SqliteAnswers>('sqlite-child', { BENCH_DATA: data })
const cases = {
  backup: () => measureBackup(data, plan),
  commits: () => measureCommits(data, plan, sqlite),
  looking: () => measureLooking(data, plan),
  requests: () => measureRequests(data, LARGE, plan, sqlite),
  opening: () => measureOpening(data, LARGE, plan),
  memory: () => measureMemory(data, plan),
  permissions: () => measurePermissions(data, plan),
  storages: () => measureStorages(data, plan),
  attacks: () => measureAttacks(data, plan, values.attack),
  triggers: () => measureTriggers(data, plan),
  effects: () => measureEffects(data, plan),
  migrations: () => measureMigrations(data, plan),
  tenants: () => measureTenants(data, Number(values.minutes ?? plan.attacks.minutes)),
}
try {
  print(`median (least to most) of ${plan.repetitions} measurements`)
  const wanted = Object.entries(cases).filter(([name]) => name.includes(values.only))
  if (wanted.some(([name]) => name === 'requests' || name === 'opening'))
    await populate(data, LARGE, plan.documents)
  for (const [, measure] of wanted) await measure()
} finally {
  await sqlite.stop()
  await rm(data, { recursive: true, force: true })
}
