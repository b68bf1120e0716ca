import { systemClock } from '../model/clock.ts'
import type { CommitLimits } from '../pipeline/shared/commit-limits.ts'
import type { Logger } from '../pipeline/shared/logger.ts'
import type { InstalledModules } from '../pipeline/modules/installed-modules.ts'
import type { TriggerObserver } from '../pipeline/modules/trigger.ts'
import type { Configuration } from './configuration/configuration.ts'
import { messageSizes } from './configuration/message-sizes.ts'
import { defaultModuleChecks } from './modules/module-checks.ts'
import { MemoryBudget, type MemoryHolder, type MemoryUse } from './memory/memory-budget.ts'
import { collectGarbage, defaultMemory, memoryLimits, memoryUse } from './memory/process-memory.ts'
import type { SessionLimits } from './sessions/limits.ts'
import type { AdmissionLimits } from './workspaces/admission.ts'
import type { WorkspaceHost } from './workspaces/workspace-host.ts'

export function commitLimits(configuration: Configuration): Partial<CommitLimits> {
  const { transaction, push } = messageSizes(configuration)
  return { maxWaiting: configuration.maxWaitingCommits, maxGroupBytes: push, maxTransaction: transaction }
}

export function moduleSettings(
  { moduleChecks, triggerTimeout }: Configuration,
  observer: TriggerObserver,
): ConstructorParameters<typeof InstalledModules>[1] {
  const checks = moduleChecks ?? defaultModuleChecks(process.env)
  return { observer, checks, limits: { syncRunTime: triggerTimeout } }
}

export function admissionLimits(configuration: Configuration): AdmissionLimits {
  const { maxSessions, maxWorkspaceSessions, maxAccountSessions } = configuration
  return {
    sessions: maxSessions,
    sessionsPerWorkspace: maxWorkspaceSessions,
    sessionsPerAccount: maxAccountSessions,
  }
}

/** @param sessions of the server, as they are now */
export function sessionLimits(configuration: Configuration, sessions: () => number): SessionLimits {
  const { earlyMessages, earlyBytes, concurrentRequests, maxResume, outboxMessages } = configuration
  const { chunkCount, chunkBytes, loadedSessions, loadedChunkCount, loadedChunkBytes } = configuration
  const usual = { maxCount: chunkCount, maxBytes: chunkBytes }
  const loaded = { maxCount: loadedChunkCount, maxBytes: loadedChunkBytes }
  return {
    earlyMessages,
    earlyBytes,
    concurrentRequests,
    chunk: () => (sessions() >= loadedSessions ? loaded : usual),
    resume: maxResume,
    outbox: { bytes: messageSizes(configuration).outbox, messages: outboxMessages },
  }
}

/** @param parts.use what the process uses, where it is not asked itself */
export function memoryBudget(
  { memory }: Configuration,
  parts: {
    use: (() => MemoryUse) | undefined
    sessions: () => Iterable<MemoryHolder>
    hosts: () => Iterable<WorkspaceHost>
    logger: Logger
  },
): MemoryBudget {
  return new MemoryBudget({
    limits: memoryLimits(memory ?? defaultMemory()),
    use: parts.use ?? memoryUse,
    holders: parts.sessions,
    dropCaches: () => {
      for (const host of parts.hosts()) host.dropCaches()
    },
    collectGarbage,
    now: systemClock.monotonic,
    logger: parts.logger,
  })
}
