import { type GenerateId } from '../model/generate-id.ts'
import { StatusError } from '../model/status.ts'
import type { Caller } from './shared/caller.ts'
import { BackupScans } from './reads/backup-scans.ts'
import { type FindResponse, type FindRequest, type Handlers } from './workspace/middleware.ts'
import { type CatchUp, type CatchUpRequest } from './reads/catch-up.ts'
import type { Restoring } from './restore/restoring.ts'
import type { WorkspaceStorage } from '../storage/contract.ts'
import type { Push } from './push/push.ts'
import { MethodCalls } from './methods/method-calls.ts'
import { type CallerContext } from './triggers/module-context.ts'
import { AsyncTriggers, type TriggerAdministration } from './triggers/async-triggers.ts'
import { InstalledModules } from './modules/installed-modules.ts'
import type { Duplicates } from './verify/find-duplicates.ts'
import type { Clock } from './shared/logger.ts'
import type { MigrationStats } from './push/workspace-listener.ts'
import type { WorkspaceModel } from '../model/workspace-model.ts'

/** The handlers of an open workspace, with what sessions need. */
export interface Pipeline extends Handlers {
  readonly id: string
  readonly model: WorkspaceModel
  readonly modules: InstalledModules
  /** The context for code of the server that runs on behalf of the caller. */
  readonly moduleContextFor: (caller: Caller) => CallerContext
  /** The accounts service says that the workspace has this name. */
  readonly named: (name: string) => void
  /** Calls of the methods of modules. */
  readonly methods: MethodCalls
  /** Flaws of the model. If there are any, the workspace is read-only for people. */
  readonly flaws: readonly string[]
  /** Set if only those who repair the workspace may enter, for example after a failed migration. */
  readonly closedToPeople: StatusError | undefined
  readonly epoch: string
  readonly lastSeq: () => number
  /** Number of transactions that wait for their commit. */
  readonly queueDepth: () => number
  /** Drops documents that can be read again. */
  readonly dropCaches: () => void
  readonly storage: WorkspaceStorage
  /** Whether the caller receives the push. */
  readonly mayReceive: (caller: Caller, push: Push) => boolean
  /** A find whose result is consistent with one position in the log. */
  readonly query: (caller: Caller, request: FindRequest) => Promise<{ seq: number; value: FindResponse }>
  readonly catchUp: (caller: Caller, since: CatchUpRequest) => Promise<CatchUp | undefined>
  /** Scans of backup tools. */
  readonly backupScans: BackupScans
  /** Changes by backup tools. */
  readonly restoring: Restoring
  readonly clock: Clock
  readonly generateId: GenerateId
  /** Migrations that run beside people. */
  readonly migrations: () => readonly MigrationStats[]
  /** Resolves when no migration runs any more. */
  readonly migrationsIdle: () => Promise<void>
  /** Documents that share a unique key, as far as they are known. */
  readonly duplicates: () => readonly Duplicates[]
  /** Resolves when existing documents were checked for unique keys. */
  readonly keysChecked: () => Promise<void>
  /** Resolves when no asynchronous trigger has work. */
  readonly triggersIdle: () => Promise<void>
  /** Whether work is being done for nobody who waits: the workspace should stay open. */
  readonly isWorking: () => boolean
  /** Resolves when it is not working, or when it closes. */
  readonly workDone: () => Promise<void>
  /** The asynchronous triggers, for administrators. */
  readonly triggers: TriggerAdministration & {
    readonly isBusy: boolean
    readonly lags: AsyncTriggers['lags']
  }
  /** Finishes work in progress and closes the files. Idempotent. */
  close: () => Promise<void>
}
