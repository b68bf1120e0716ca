import { boardModel } from '../../examples/board/model.ts'
import { systemClock } from '../../model/clock.ts'
import type { Account, Class, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions, FindResult } from '../../model/query/query.ts'
import type { CommitLimits } from '../../pipeline/shared/commit-limits.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import { openWorkspace } from '../../pipeline/open-workspace.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { Storage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import type { Push } from '../../pipeline/push/push.ts'
import { InstalledModules } from '../../pipeline/modules/installed-modules.ts'
import { modelOf } from '../../server/modules/load-modules.ts'
import type { Schedule } from '../../pipeline/shared/with-timeout.ts'
import { TestLog } from './test-server.ts'
import testSpaces, { testAccounts } from './test-spaces.ts'
import { pushAll } from '../../model/push-all.ts'
import type { Tx } from '../../model/transactions.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'

/** The board, and spaces for documents. */
export const base = modelOf([{ model: boardModel }, testSpaces])
/** With accounts for {@link ann} and {@link bob}. */
export const peopledBase = modelOf([{ model: boardModel }, testSpaces, { model: testAccounts('ann', 'bob') }])

export interface TestPipeline {
  pipeline: Pipeline
  pushes: Push[]
  storage: Storage
  log: TestLog
  find: (_class: string, query?: DocumentQuery, options?: FindOptions) => Promise<FindResult>
}

interface PipelineOptions {
  storage?: Storage
  id?: string
  now?: () => number
  commitLimits?: Partial<CommitLimits>
  modules?: InstalledModules
  /** Classes beside those of the board. */
  model?: readonly Tx[]
  /** Whether ann and bob have accounts; true by default. */
  isPeopled?: boolean
  /** The timer of jobs. */
  schedule?: Schedule
}

/** A pipeline over storage in memory, without a server. */
export async function testPipeline(options: PipelineOptions = {}): Promise<TestPipeline> {
  const { storage = createMemoryStorage(), id = 'w1', now = systemClock.now, commitLimits, modules } = options
  const { isPeopled = true, model, schedule } = options
  const usual = isPeopled ? peopledBase : base
  const pushes: Push[] = []
  const log = new TestLog()
  const pipeline = await openWorkspace({
    id,
    storage,
    base: model === undefined ? usual : WorkspaceModel.of(model, usual),
    clock: { now },
    logger: log,
    committed: (committed) => pushAll(pushes, committed),
    ...(commitLimits === undefined ? {} : { commitLimits }),
    ...(modules === undefined ? {} : { modules }),
    ...(schedule === undefined ? {} : { schedule }),
  })
  const find: TestPipeline['find'] = async (_class, query = {}, find = {}) =>
    (await pipeline.find(ann, { _class: _class as Ref<Class>, query, options: find })) as FindResult
  return { pipeline, pushes, storage, log, find }
}

/** With a module `test` beside the board’s model. */
export async function modulePipeline(
  module: Partial<AtriumModule>,
  options: ConstructorParameters<typeof InstalledModules>[1] = {},
  more: PipelineOptions = {},
): Promise<TestPipeline> {
  const modules = new InstalledModules([{ name: 'test', model: [], ...module }], options)
  return await testPipeline({ ...more, modules })
}

export const ann = caller('ann')
export const bob = caller('bob')

export function caller(name: string, fields: Partial<Caller> = {}): Caller {
  const account = `account:${name}` as Ref<Account>
  return { account, email: name, role: 'USER', system: false, admin: false, ...fields }
}
